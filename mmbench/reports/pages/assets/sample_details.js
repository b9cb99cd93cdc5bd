// The details of one sample: inputs, references, and the outputs of one run or of two side by side.
"use strict";

(() => {
  const { element, inline, block, safeUrl, number } = window.mmbenchSamples;

  const TINY = 160; // pixels of an image that is enlarged without smoothing

  const field = (name, ...content) =>
    element("div", { class: "sample-field" }, element("h4", {}, inline(name)), ...content);

  const showNote = (figure, text) =>
    figure.append(element("p", { class: "sample-media-note" }, text));

  // An image, sound or video that the browser cannot load is replaced by its preview and a note.
  const onFailure = (media, figure, preview) =>
    media.addEventListener("error", () => {
      if (figure.dataset.failed) return;
      figure.dataset.failed = "true";
      showNote(figure, `This browser cannot show the file${preview ? "; a preview is shown instead" : ""}.`);
      if (!preview) media.hidden = true;
      else if (media.tagName === "IMG") media.src = preview;
      else media.replaceWith(element("img", { src: preview, alt: media.getAttribute("aria-label") }));
    }, { once: true });

  const enlargeTiny = (image) =>
    image.addEventListener("load", () => {
      image.classList.toggle("sample-tiny", Math.max(image.naturalWidth, image.naturalHeight) <= TINY);
    });

  const player = (modality, source, preview, label) => {
    if (modality === "image") {
      const image = element("img", { alt: label, decoding: "async" });
      enlargeTiny(image);
      image.src = source;
      return image;
    }
    const made = element(modality === "video" ? "video" : "audio", {
      controls: true, preload: "metadata", "aria-label": label,
    });
    if (modality === "video" && preview) made.poster = preview;
    made.src = source;
    return made;
  };

  // A medium [modality, name, source, preview, note]; `label` is its role: "image", "reference".
  const medium = (context, label, [modality, name, source, preview, note]) => {
    const figure = element("figure", { class: `sample-media sample-${modality}` });
    const [from, small] = [context.url(source), context.url(preview)];
    const about = `${label}: ${name}`;
    if (from || small) {
      const shown = from ? player(modality, from, small, about) : player("image", small, "", about);
      onFailure(shown, figure, from && small !== from ? small : "");
      figure.append(shown);
    }
    const caption = element("figcaption", {}, inline(name));
    if (from && !from.startsWith("data:"))
      caption.append(" ", element("a", { href: from, target: "_blank", rel: "noreferrer" }, `open the ${modality}`));
    figure.append(caption);
    if (note) showNote(figure, from || small ? `${note}.` : `No ${modality}: ${note}.`);
    return figure;
  };

  const thumbnail = (context, [modality, name, source, preview, note]) => {
    const url = context.url(preview) || (modality === "image" ? context.url(source) : "");
    if (url) return element("img", { class: "sample-thumbnail", src: url, alt: name, loading: "lazy" });
    if (source) return player(modality, context.url(source), "", name);
    return element("span", { class: "muted" }, `${modality}: ${note || name}`);
  };

  const hit = (context, one) => {
    const badge = one.relevant ? element("span", { class: "badge good" }, "relevant") : null;
    const rank = one.rank ? `${number(one.rank)}.` : "not retrieved";
    return element("li", { class: one.relevant ? "sample-hit sample-relevant" : "sample-hit" },
      element("span", { class: "sample-rank" }, rank),
      element("div", { class: "sample-hit-media" }, one.media.map((m) => thumbnail(context, m))),
      element("div", { class: "sample-hit-text" },
        one.text ? element("div", { dir: "auto" }, inline(one.text)) : null,
        element("div", { class: "muted" }, inline(one.id), " ", badge)));
  };

  const hits = (context, title, list) =>
    list.length ? field(title, element("ol", { class: "sample-hits" }, list.map((one) => hit(context, one)))) : null;

  const facts = (pairs) =>
    element("dl", { class: "facts" },
      pairs.flatMap(([name, value]) => [element("dt", {}, inline(name)), element("dd", {}, inline(value))]));

  const table = (caption, head, rows) =>
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      element("table", {}, element("caption", {}, caption),
        element("thead", {}, element("tr", {}, head.map((name, at) =>
          element("th", { scope: "col", class: at ? "number" : null }, inline(name))))),
        element("tbody", {}, rows.map(([name, ...cells]) => element("tr", {},
          element("th", { scope: "row" }, inline(name)),
          cells.map((cell) => element("td", { class: "number" }, cell)))))));

  const scores = (context, index) => {
    const rows = context.metrics
      .filter((metric) => metric.values.some((values) => values[index] !== null))
      .map((metric) => [metric.name, ...metric.values.map((values) => number(values[index]))]);
    const head = ["score", ...(context.runs.length > 1 ? context.runs : ["value"])];
    return rows.length ? table("Scores of this sample", head, rows) : null;
  };

  const reasoning = (output) => {
    if (!output.reasoning) return null;
    const size = `${output.reasoning.length.toLocaleString("en")} characters`;
    const body = element("div");
    const fold = element("details", { class: "sample-reasoning" },
      element("summary", {}, `Reasoning (${size})`), body);
    fold.addEventListener("toggle", () => {
      if (fold.open && !body.firstChild) body.append(block(output.reasoning));
    });
    return fold;
  };

  const answer = (context, output) => {
    if (output.error !== null) return element("div", { class: "note" }, "Failed: ", inline(output.error));
    if (output.media.length) return element("div", {}, output.media.map((one) => medium(context, "output", one)));
    return output.answer ? block(output.answer) : element("p", { class: "muted" }, "(empty)");
  };

  // The errors of a transcript: words that are only in the reference, and only in the answer.
  const aligned = (output) => {
    if (output.alignment.every(([operation]) => ["equal", "merge"].includes(operation))) return null;
    const words = output.alignment.flatMap(([operation, reference, answer]) => {
      if (operation === "equal") return [inline(answer), " "];
      if (operation === "merge") return [inline(`${reference} = ${answer}`), " "];
      const made = [];
      if (reference) made.push(element("del", {}, inline(reference)), " ");
      if (answer) made.push(element("ins", {}, inline(answer)), " ");
      return made;
    });
    const legend = element("span", { class: "sample-legend" },
      output.joined ? "of this utterance, aligned alone " : "",
      "(", element("del", {}, "reference"), " ", element("ins", {}, "answer"), ")");
    return element("div", { class: "sample-field" },
      element("h4", {}, "Errors ", legend),
      element("div", { class: "text sample-text sample-aligned", dir: "auto" }, words));
  };

  // What a judge said of the answer, with its reason: a field for each metric.
  const isVerdict = (pairs) => pairs.some(([name, value]) => name === "verdict" && value);

  const verdicts = (output) =>
    output.details
      .filter(([, pairs]) => isVerdict(pairs))
      .map(([metric, pairs]) => field(metric, facts(pairs.filter(([, value]) => value))));

  // Scores with several counts, such as the edits of WER, a row for each score.
  const counts = (output) => {
    const several = output.details.filter(([, pairs]) => pairs.length > 1 && !isVerdict(pairs));
    const names = [...new Set(several.flatMap(([, pairs]) => pairs.map(([name]) => name)))];
    const rows = several.map(([metric, pairs]) => {
      const values = new Map(pairs);
      return [metric, ...names.map((name) => inline(values.get(name) ?? ""))];
    });
    return rows.length ? table("Counts of each score", ["score", ...names], rows) : null;
  };

  const ranked = (output) => {
    if (output.rank !== null) return `${number(output.rank)}`;
    return output.relevant.length ? "not retrieved" : "";
  };

  const outputOf = (context, output, title) => {
    const isRanking = output.rank !== null || output.hits.length || output.relevant.length;
    const seen = new Set(output.hits.map((one) => one.id));
    const others = output.relevant.filter((one) => !seen.has(one.id));
    const extra = [];
    if (ranked(output)) extra.push(["best rank of a relevant document", ranked(output)]);
    for (const [metric, pairs] of output.details.filter(([, list]) => list.length === 1))
      for (const [name, value] of pairs)
        extra.push([name === "answer" ? `parsed answer (${metric})` : `${name} (${metric})`, value]);
    if (output.tokens !== null) extra.push(["tokens", number(output.tokens)]);
    return element("div", { class: "sample-output" },
      isRanking && output.error === null ? null : field(title, answer(context, output)),
      isRanking && output.error === null && context.runs.length > 1 ? element("h4", {}, inline(title)) : null,
      output.rejected ? element("div", { class: "note" }, "Failed: ", inline(output.rejected)) : null,
      aligned(output),
      reasoning(output),
      extra.length ? facts(extra) : null,
      verdicts(output),
      counts(output),
      output.classes.length ? table("Highest class scores", ["class", "score"],
        output.classes.map(([name, value]) => [name, number(value)])) : null,
      hits(context, "First documents", output.hits),
      hits(context, "Relevant documents", others));
  };

  const references = (detail) => {
    const list = detail.references;
    if (!list.length) return null;
    if (list.length === 1) return field("Reference", block(list[0]));
    return field("References", element("ul", { class: "sample-references" },
      list.map((text) => element("li", {}, block(text)))));
  };

  // Return the nodes for a sample. `context` has the runs, the metrics and `url`.
  const details = (context, index, detail) => [
    detail.media.length ? element("div", { class: "sample-gallery" },
      detail.media.map(([label, one]) => medium(context, label, one))) : null,
    detail.texts.map(([name, text]) => field(name, block(text))),
    references(detail),
    element("div", { class: "sample-outputs" }, detail.outputs.map((output, run) =>
      outputOf(context, output, context.runs.length > 1 ? context.runs[run] : "Answer"))),
    scores(context, index),
    detail.tags.length ? field("Tags", facts(detail.tags)) : null,
  ].flat().filter(Boolean);

  window.mmbenchSamples.details = details;
  window.mmbenchSamples.mediaUrl = (pictures, root) => (url) =>
    safeUrl(typeof url === "number" ? pictures[url] : url, root);
})();
