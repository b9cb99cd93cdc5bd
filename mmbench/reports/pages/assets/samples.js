// The sample browser: a list of samples with filters and an order, and the details of one sample.
//
// The summary (ids, scores, excerpts) is in the page, or in SHARDS/summary.js; the details are in
// the page, or in SHARDS/NNN.js, each with data-shard samples. These scripts call `receive`. The
// state is in the address: #sample=ID&show=wrong&tag=NAME=VALUE&search=TEXT&score=NAME&order=worst.
"use strict";

(() => {
  const api = window.mmbenchSamples;
  const { element, inline } = api;

  const PAGE = 50; // samples on a page of the list
  const STATES = ["sample", "direction", "split", "show", "of", "tag", "search", "score", "order"];

  const $ = (id) => document.getElementById(id);
  const arrived = {}; // what `receive` got, by "summary" or number of shard
  const waiting = {};

  api.receive = (what, data) => {
    arrived[what] = data;
    for (const [resolve] of waiting[what] || []) resolve(data);
    delete waiting[what];
  };

  // Load SHARDS/NAME.js once; return its data.
  const load = (folder, what, name) => {
    if (what in arrived) return Promise.resolve(arrived[what]);
    return new Promise((resolve, reject) => {
      const first = !waiting[what];
      (waiting[what] = waiting[what] || []).push([resolve, reject]);
      if (!first) return;
      const script = document.createElement("script");
      script.src = `${folder}${name}.js`;
      script.addEventListener("error", () => {
        const pending = waiting[what] || [];
        delete waiting[what];
        script.remove();
        for (const [, fail] of pending) fail(new Error(`${folder}${name}.js cannot be loaded`));
      });
      document.head.append(script);
    });
  };

  const inPage = (id) => {
    const node = $(id);
    return node ? JSON.parse(node.textContent) : null;
  };

  const start = (section, summary, detailOf) => {
    const { ids, runs, metrics, tags, failed } = summary;
    const isPair = runs.length > 1;
    const directions = summary.directions;
    const url = api.mediaUrl(summary.pictures, section.dataset.root);
    const context = { runs, metrics, url };
    const initial = { show: "all", order: isPair && metrics.length ? "loss" : "data", direction: "", tag: "", search: "", score: metrics.length ? metrics[0].name : "" };
    const state = { ...initial, page: 0, sample: -1 };
    let view = [];

    const directionOf = (index) => directions.values[directions.rows ? directions.rows[index] : 0];
    const splitOf = (index) => (summary.splits ? summary.splits[index] : 0);
    const metric = () => metrics.find((one) => one.name === state.score) || metrics[0];
    const isFailed = (index) => failed.some((bits) => bits[index] === "1");
    const isGraded = () => metric() && metric().graded;
    const isWrong = (index) => metric() && metric().wrong.some((bits) => bits[index] === "1");
    const isRanking = Boolean(summary.ranks);
    const valueOf = (index, run = 0) => {
      const value = metric() ? metric().values[run][index] : null;
      return value === null ? NaN : value;
    };
    const sign = () => (metric() && metric().better === "lower" ? -1 : 1);
    const gain = (index) => sign() * (valueOf(index, 1) - valueOf(index, 0));

    const either = isPair ? " in either" : "";

    // Filters by the value of the list `Show`; `isPair` ones compare two runs.
    const FILTERS = {
      all: [() => "All", () => true],
      wrong: [() => `${isGraded() ? "Not perfect" : "Wrong"}${either}`, isWrong],
      failed: [() => `Failed${either}`, isFailed],
      ...(isPair ? {
        worse: [() => "Worse", (index) => gain(index) < 0],
        better: [() => "Better", (index) => gain(index) > 0],
        differ: [() => "Other answer", (index) => summary.answers[0][index] !== summary.answers[1][index]],
      } : {}),
    };

    // Functions of a sample by the value of the list `Order`; NaN is last.
    const ORDERS = {
      data: ["Data order", null],
      ...(isPair ? { loss: ["Largest losses", gain], gain: ["Largest gains", (index) => -gain(index)] } : {}),
      worst: ["Worst first", (index) => sign() * valueOf(index)],
      best: ["Best first", (index) => -sign() * valueOf(index)],
      ...(summary.ranks ? { rank: ["Worst rank", (index) => -(summary.ranks[0][index] || Infinity)] } : {}),
    };

    const texts = []; // lower-case text of each sample for the search, made when first needed
    const searchText = (index) => {
      if (texts[index] === undefined) {
        const parts = [ids[index], summary.texts[index], summary.references[index]];
        for (const answers of summary.answers) parts.push(answers[index]);
        for (const tag of tags) if (tag.rows[index] >= 0) parts.push(`${tag.name}=${tag.values[tag.rows[index]]}`);
        const whole = detailOf.whole ? detailOf.whole[index] : null;
        if (whole) {
          parts.push(...whole.texts.map(([, text]) => text), ...whole.references);
          for (const output of whole.outputs) parts.push(output.answer, output.error || "", output.reasoning || "");
        }
        texts[index] = parts.join("\n").toLowerCase();
      }
      return texts[index];
    };

    // Return the tag and the number of its value for "NAME=VALUE"; names and values may contain "=".
    const parseTag = (text) => {
      for (const tag of tags) {
        const value = text.startsWith(`${tag.name}=`) ? tag.values.indexOf(text.slice(tag.name.length + 1)) : -1;
        if (value >= 0) return [tag, value];
      }
      return null;
    };

    // The tests of all filters but `Show`, whose options have counts of the samples that pass.
    const tests = () => {
      const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
      const found = [];
      if (state.direction) found.push((index) => directionOf(index) === state.direction);
      const tagged = parseTag(state.tag);
      if (tagged) found.push((index) => tagged[0].rows[index] === tagged[1]);
      if (words.length) found.push((index) => words.every((word) => searchText(index).includes(word)));
      return found;
    };

    const sorted = (rows) => {
      const key = ORDERS[state.order] && ORDERS[state.order][1];
      if (!key) return rows;
      const keys = new Float64Array(ids.length);
      for (const index of rows) keys[index] = key(index);
      const last = (index) => Number.isNaN(keys[index]);
      return rows.sort((a, b) => {
        if (last(a) || last(b)) return last(a) - last(b) || a - b;
        return keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : a - b;
      });
    };

    const refresh = () => {
      const found = tests();
      const rows = [];
      for (let index = 0; index < ids.length; index++)
        if (found.every((test) => test(index))) rows.push(index);
      for (const choice of $("sample-show").options) {
        const [name, test] = FILTERS[choice.value];
        choice.textContent = `${name()} (${rows.filter(test).length.toLocaleString("en")})`;
      }
      view = sorted(rows.filter(FILTERS[state.show][1]));
    };

    const addressOf = (index, filters = {}) => {
      const pairs = [["sample", index < 0 ? "" : ids[index]]];
      if (index >= 0 && directions.rows) pairs.push(["direction", directionOf(index)]);
      if (index >= 0 && splitOf(index)) pairs.push(["split", String(splitOf(index))]);
      for (const [name, value] of Object.entries(filters)) pairs.push([name, value]);
      const parts = pairs.filter(([, value]) => value).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
      return `#${parts.join("&")}`;
    };

    const changedFilters = () => {
      const changed = {};
      for (const [name, value] of Object.entries(initial))
        if (state[name] !== value) changed[name === "direction" ? "of" : name] = state[name];
      return changed;
    };

    // Put the state into the address: with a new entry in the history, or in place of the current.
    const remember = (isNew) => {
      const address = addressOf(state.sample, changedFilters());
      if (address === (location.hash || "#")) return;
      history[isNew ? "pushState" : "replaceState"](null, "", address);
    };

    const badges = (index) => {
      const made = [];
      if (isFailed(index)) made.push(element("span", { class: "badge bad" }, "failed"));
      else if (isWrong(index) && !isPair && !isGraded()) made.push(element("span", { class: "badge warn" }, "wrong"));
      if (directions.rows && !state.direction) made.push(element("span", { class: "badge" }, inline(directionOf(index))));
      return made;
    };

    const scoreText = (index) => metric()
      ? metric().values.map((values) => api.number(values[index])).join(" → ") : "";

    const answerText = (index) => {
      if (isPair) return summary.answers.map((answers) => answers[index] || "–").join(" → ");
      const answer = summary.answers[0][index];
      // Media have no reference as a text, either.
      return answer || isRanking || isFailed(index) || !summary.references[index] ? answer : "(empty)";
    };

    const item = (index) => {
      const picture = summary.thumbnails[index];
      const image = picture >= 0 ? url(picture) : "";
      const link = element("a", { href: addressOf(index), class: "sample-item", "data-index": index },
        image ? element("img", { src: image, alt: "", loading: "lazy", decoding: "async" }) : null,
        element("span", { class: "sample-about" },
          element("span", { class: "sample-line" }, element("span", { class: "sample-id" }, inline(ids[index])), badges(index)),
          summary.texts[index] ? element("span", { class: "sample-excerpt" }, inline(summary.texts[index])) : null,
          answerText(index) ? element("span", { class: "sample-excerpt sample-given" }, isRanking ? "" : "answer: ", inline(answerText(index))) : null,
          isWrong(index) && summary.references[index]
            ? element("span", { class: "sample-excerpt sample-given" }, "reference: ", inline(summary.references[index])) : null),
        element("span", { class: "sample-score" }, scoreText(index)));
      if (index === state.sample) link.setAttribute("aria-current", "true");
      return element("li", {}, link);
    };

    const pages = () => Math.max(1, Math.ceil(view.length / PAGE));

    const showList = () => {
      state.page = Math.min(Math.max(0, state.page), pages() - 1);
      const first = state.page * PAGE;
      const shown = view.slice(first, first + PAGE);
      $("sample-list").replaceChildren(...shown.map(item));
      $("sample-list").setAttribute("start", String(first + 1));
      $("sample-list").scrollTop = 0;
      $("sample-page").textContent = `Page ${(state.page + 1).toLocaleString("en")} of ${pages().toLocaleString("en")}`;
      $("sample-page").parentElement.hidden = pages() === 1;
      $("sample-previous-page").disabled = state.page === 0;
      $("sample-next-page").disabled = state.page === pages() - 1;
      const noun = ids.length === 1 ? "sample" : "samples";
      $("sample-count").textContent = `${view.length.toLocaleString("en")} of ${ids.length.toLocaleString("en")} ${noun}`;
    };

    const linkTo = (index) => $("sample-list").querySelector(`[data-index="${index}"]`);

    const markCurrent = () => {
      for (const link of $("sample-list").querySelectorAll("[aria-current]")) link.removeAttribute("aria-current");
      const link = linkTo(state.sample);
      if (link) link.setAttribute("aria-current", "true");
      return link;
    };

    const heading = (index) => element("header", { class: "sample-heading" },
      element("div", { class: "sample-moves" },
        element("button", { type: "button", class: "sample-back" }, "Back to the list"),
        element("button", { type: "button", class: "sample-move", "data-by": "-1" }, "Previous"),
        element("button", { type: "button", class: "sample-move", "data-by": "1" }, "Next"),
        element("a", { href: addressOf(index) }, "Link to this sample")),
      element("h3", { tabindex: "-1", id: "sample-heading" }, inline(ids[index])),
      element("p", { class: "sample-badges" }, badges(index)));

    const showDetail = async () => {
      const index = state.sample;
      const holder = $("sample-detail");
      section.dataset.view = index < 0 ? "list" : "detail";
      if (index < 0) {
        holder.replaceChildren(element("p", { class: "muted" }, "Select a sample."));
        return;
      }
      try {
        const detail = await detailOf(index);
        if (index !== state.sample) return; // another sample was selected meanwhile
        holder.replaceChildren(heading(index), ...api.details(context, index, detail));
      } catch (error) {
        if (index !== state.sample) return;
        holder.replaceChildren(heading(index), element("p", { class: "note" }, String(error.message || error)));
      }
      holder.scrollTop = 0;
    };

    const isNarrow = () => getComputedStyle($("sample-detail")).getPropertyValue("--narrow").trim() === "1";

    // Scroll the list, and not the page, to a sample: the page has just been opened at its top.
    const reveal = (link) => {
      const list = $("sample-list");
      const box = link.getBoundingClientRect();
      const frame = list.getBoundingClientRect();
      list.scrollTop += Math.min(0, box.top - frame.top) + Math.max(0, box.bottom - frame.bottom);
    };

    // Show a sample, on the page of the list that has it. `focus` is "list", "detail" or "".
    const select = async (index, { isNew = false, focus = "" } = {}) => {
      state.sample = index;
      const place = view.indexOf(index);
      if (place >= 0 && Math.floor(place / PAGE) !== state.page) {
        state.page = Math.floor(place / PAGE);
        showList();
      }
      const link = markCurrent();
      remember(isNew);
      if (link && focus === "list" && !isNarrow()) link.focus({ preventScroll: true });
      if (link) link.scrollIntoView({ block: "nearest" });
      await showDetail();
      if (index >= 0 && isNarrow() && focus) {
        section.scrollIntoView();
        $("sample-heading").focus({ preventScroll: true });
      } else if (index >= 0 && focus === "detail") $("sample-heading").focus({ preventScroll: true });
    };

    const move = (by) => {
      if (!view.length) return;
      const place = view.indexOf(state.sample);
      const next = place < 0 ? state.page * PAGE : place + by;
      if (next >= 0 && next < view.length) select(view[next], { focus: "list" });
    };

    const turn = (by) => {
      state.page += by;
      showList();
      const first = $("sample-list").querySelector("a");
      if (first) first.focus({ preventScroll: true });
      if (first) first.scrollIntoView({ block: "nearest" });
    };

    const closeDetail = () => {
      const index = state.sample;
      select(-1, { isNew: true });
      const link = linkTo(index);
      if (link) link.focus();
    };

    let timer = 0; // of the search, which waits for further characters

    // Every update reads the search field: a search that still waits would replace the list once
    // more, under the pointer of a user who clicks on a sample.
    const update = () => {
      clearTimeout(timer);
      timer = 0;
      state.search = $("sample-search").value;
      refresh();
      state.page = 0;
      showList();
      remember(false);
    };

    const searchNow = () => {
      if (timer) update();
    };

    // ---- Controls

    const option = (value, text, chosen) => {
      const made = element("option", {}, text);
      made.value = value;
      made.selected = value === chosen;
      return made;
    };

    const fill = (id, options, isUseful) => {
      const select = $(id);
      select.replaceChildren(...options);
      select.parentElement.hidden = !isUseful;
    };

    const plainText = (text) => api.visible(text).map((node) => node.textContent ?? node).join("");

    const tagOptions = (tag) => {
      const counts = new Array(tag.values.length).fill(0);
      for (const row of tag.rows) if (row >= 0) counts[row]++;
      const group = element("optgroup");
      group.label = plainText(tag.name);
      group.append(...tag.values.map((value, at) =>
        option(`${tag.name}=${value}`, `${plainText(value)} (${counts[at].toLocaleString("en")})`, state.tag)));
      return group;
    };

    const fillControls = () => {
      fill("sample-show", Object.entries(FILTERS).map(([value, [name]]) => option(value, name(), state.show)), true);
      fill("sample-direction", [option("", "All", state.direction), ...directions.values.map((name) => option(name, plainText(name), state.direction))], directions.rows);
      fill("sample-tag", [option("", "Any", state.tag), ...tags.map(tagOptions)], tags.length > 0);
      fill("sample-score", metrics.map((one) => option(one.name, one.name, state.score)), metrics.length > 1);
      fill("sample-order", Object.entries(ORDERS).map(([value, [name]]) => option(value, name, state.order)), metrics.length || summary.ranks);
      $("sample-search").value = state.search;
      $("sample-controls").hidden = false;
      $("sample-help").hidden = false;
    };

    const listen = () => {
      for (const name of ["show", "direction", "tag", "score", "order"])
        $(`sample-${name}`).addEventListener("change", (event) => {
          state[name] = event.target.value;
          update();
        });
      $("sample-search").addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(searchNow, 150);
      });
      $("sample-search").addEventListener("change", searchNow);
      $("sample-list").addEventListener("click", (event) => {
        const link = event.target.closest("a");
        if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
        event.preventDefault();
        // A click by the keyboard, which has the detail 0, moves on to the details.
        select(Number(link.dataset.index), { isNew: true, focus: event.detail === 0 ? "detail" : "list" });
      });
      $("sample-previous-page").addEventListener("click", () => turn(-1));
      $("sample-next-page").addEventListener("click", () => turn(1));
      $("sample-detail").addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button) return;
        if (button.classList.contains("sample-back")) closeDetail();
        if (button.dataset.by) move(Number(button.dataset.by));
      });
    };

    const onKey = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target;
      const isSearch = target === $("sample-search");
      if (event.key === "Escape" && (isSearch || section.contains(target))) {
        searchNow(); // a later update would replace the element that gets the focus
        const link = linkTo(state.sample) || $("sample-list").querySelector("a");
        if (isNarrow() && !isSearch && state.sample >= 0) closeDetail();
        else if (link) link.focus();
        return;
      }
      if (target.closest("input, select, textarea")) return;
      const inList = $("sample-list").contains(target);
      const by = { j: 1, k: -1, ...(inList ? { ArrowDown: 1, ArrowUp: -1 } : {}) }[event.key];
      if (by) move(by);
      else if (event.key === "/") $("sample-search").focus();
      else return;
      event.preventDefault();
    };

    // ---- Address

    const parse = () => {
      const values = {};
      for (const part of location.hash.slice(1).split("&")) {
        const at = part.indexOf("=");
        const name = part.slice(0, at);
        if (at < 0 || !STATES.includes(name)) continue;
        try {
          values[name] = decodeURIComponent(part.slice(at + 1));
        } catch {
          values[name] = part.slice(at + 1);
        }
      }
      return values;
    };

    const find = ({ sample, direction, split }) => {
      if (sample === undefined) return -1;
      for (let index = ids.indexOf(sample); index >= 0; index = ids.indexOf(sample, index + 1))
        if ((direction === undefined || directionOf(index) === direction)
          && (split === undefined || String(splitOf(index)) === split)) return index;
      return ids.indexOf(sample);
    };

    const readAddress = () => {
      const values = parse();
      for (const name of Object.keys(initial)) {
        const value = values[name === "direction" ? "of" : name];
        state[name] = value === undefined ? initial[name] : value;
      }
      if (!(state.show in FILTERS)) state.show = initial.show;
      if (!(state.order in ORDERS)) state.order = initial.order;
      if (!parseTag(state.tag)) state.tag = "";
      if (!directions.values.includes(state.direction)) state.direction = "";
      if (!metrics.some((one) => one.name === state.score)) state.score = initial.score;
      return values;
    };

    const showAddress = () => {
      const values = readAddress();
      if (values.sample === "" && !ids.includes("")) delete values.sample;
      fillControls();
      refresh();
      state.page = 0;
      state.sample = find(values);
      if (values.sample === undefined && view.length && !isNarrow()) state.sample = view[0];
      const place = view.indexOf(state.sample);
      state.page = place < 0 ? 0 : Math.floor(place / PAGE);
      showList();
      const link = markCurrent();
      if (link) reveal(link);
      if (values.sample !== undefined && state.sample < 0) {
        const note = element("p", { class: "note", role: "alert" }, "No sample of this page has the id ", inline(values.sample), ".");
        section.dataset.view = "list";
        $("sample-detail").replaceChildren(note);
        return Promise.resolve();
      }
      return showDetail();
    };

    const isFiltered = () => Object.keys(parse()).length > 0;
    const isOurs = () => !location.hash || isFiltered();

    listen();
    document.addEventListener("keydown", onKey);
    const follow = () => showAddress().then(() => isFiltered() && section.scrollIntoView());
    window.addEventListener("hashchange", () => isOurs() && follow());
    follow();
    performance.mark("mmbench-samples-ready");
    section.dataset.ready = "true";
  };

  const shardLoader = (folder, size) => async (index) => {
    const shard = Math.floor(index / size);
    const details = await load(folder, shard, String(shard).padStart(3, "0"));
    return details[index % size];
  };

  const open = async () => {
    const section = $("samples");
    if (!section) return;
    const folder = section.dataset.shards;
    if (folder) {
      try {
        const summary = await load(folder, "summary", "summary");
        start(section, summary, shardLoader(folder, Number(section.dataset.shard)));
      } catch (error) {
        $("sample-detail").append(element("p", { class: "note", role: "alert" }, `${error.message}; the folder belongs to this page.`));
      }
      return;
    }
    const details = inPage("sample-details");
    const detailOf = async (index) => details[index];
    detailOf.whole = details;
    start(section, inPage("sample-summary"), detailOf);
  };

  document.addEventListener("DOMContentLoaded", open);
})();
