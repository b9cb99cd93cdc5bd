// Elements for texts of data sets and models. A text becomes a text node, never markup. Characters
// that are invisible or reorder the text are shown by their code points.
"use strict";

window.mmbenchSamples = window.mmbenchSamples || {};

(() => {
  // Control, format, surrogate and private characters and separators, except line breaks, tabs and
  // the joiners of emoji and of some scripts; repetitions of one character are one match.
  const HIDDEN = /((?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}])\1*/gu;
  const MOST_SHOWN = 500; // hidden characters of a text that are shown by their code points
  const FOLDED = 3000; // characters of a text that are shown at first
  const BLOCK = 20000; // characters of a long text in one element, so that browsers lay out few
  const NAMES = {
    0x0000: "null", 0x0007: "bell", 0x0008: "backspace", 0x000d: "carriage return",
    0x001b: "escape", 0x00ad: "soft hyphen", 0x200b: "zero width space",
    0x200e: "left-to-right mark", 0x200f: "right-to-left mark", 0x2028: "line separator",
    0x202a: "left-to-right embedding", 0x202b: "right-to-left embedding",
    0x202c: "pop directional formatting", 0x202d: "left-to-right override",
    0x202e: "right-to-left override", 0x2066: "left-to-right isolate",
    0x2067: "right-to-left isolate", 0x2068: "first strong isolate",
    0x2069: "pop directional isolate", 0xfeff: "byte order mark",
  };

  // element("p", {class: "muted", "aria-label": "x"}, "text", node): attributes must be constants or
  // come from a checked source, such as `safeUrl`; strings become text.
  const element = (name, attributes, ...content) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {}))
      if (value !== null && value !== undefined && value !== false)
        made.setAttribute(key, value === true ? "" : value);
    made.append(...content.flat().filter((one) => one !== null && one !== undefined));
    return made;
  };

  const code = (character) => {
    const point = character.codePointAt(0);
    return [`U+${point.toString(16).toUpperCase().padStart(4, "0")}`, NAMES[point] || ""];
  };

  // Return the nodes that show a text literally.
  const visible = (text) => {
    const nodes = [];
    let at = 0;
    let shown = 0;
    const normal = text.replaceAll("\r\n", "\n");
    for (const match of normal.matchAll(HIDDEN)) {
      if (++shown > MOST_SHOWN) break;
      if (match.index > at) nodes.push(normal.slice(at, match.index));
      at = match.index + match[0].length;
      const times = match[0].length / match[1].length;
      const [point, name] = code(match[1]);
      const label = times > 1 ? `${point} × ${times.toLocaleString("en")}` : point;
      nodes.push(element("span", { class: "sample-hidden", title: name || point }, label));
    }
    const rest = normal.slice(at);
    if (rest) nodes.push(shown > MOST_SHOWN ? rest.replace(HIDDEN, "\ufffd") : rest);
    return nodes;
  };

  // One line of text within other content, isolated from the direction of the text around it.
  const inline = (text) => element("bdi", {}, visible(text));

  // Return where to end a block of text that starts at `start`: after white space, if there is any.
  const blockEnd = (text, start) => {
    const end = start + BLOCK;
    if (end >= text.length) return text.length;
    for (let at = end; at > end - 2000; at--) if (/\s/.test(text[at - 1])) return at;
    return /[\ud800-\udbff]/.test(text[end - 1]) ? end - 1 : end;
  };

  const blocks = (text) => {
    const made = [];
    for (let start = 0; start < text.length; ) {
      const end = blockEnd(text, start);
      made.push(element("div", { class: "sample-block", dir: "auto" }, visible(text.slice(start, end))));
      start = end;
    }
    return made;
  };

  // A text of any length. A long one is folded: a button shows all of it.
  const block = (text, attributes = {}) => {
    const holder = element("div", { class: "text sample-text", dir: "auto", ...attributes });
    if (text.length <= 1.2 * FOLDED) {
      holder.append(...visible(text));
      return holder;
    }
    const short = blockEnd(text.slice(0, FOLDED), 0);
    holder.append(...visible(`${text.slice(0, short)}…`));
    const button = element("button", { type: "button", class: "sample-unfold", "aria-expanded": "false" });
    const label = () => {
      const open = button.getAttribute("aria-expanded") === "true";
      button.textContent = open ? "Show less" : `Show all ${text.length.toLocaleString("en")} characters`;
    };
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(open));
      holder.replaceChildren(...(open ? blocks(text) : visible(`${text.slice(0, short)}…`)));
      label();
    });
    label();
    return element("div", {}, holder, button);
  };

  // Return a URL of a medium if it is relative, or is embedded data or a file; otherwise "".
  const safeUrl = (url, root) => {
    if (/^data:(image\/(?!svg)|audio\/|video\/)/.test(url) || /^file:\/\/\//.test(url)) return url;
    return /^[a-z][a-z0-9+.-]*:|^[\\/]{2}/i.test(url) || !url ? "" : root + url;
  };

  // At most 4 digits and 4 decimals: 0.0002644 is 0.0003, as in tables. A smaller value keeps a digit.
  const shortNumber = (value) =>
    String(Math.abs(value) < 1e-4 ? Number(value.toPrecision(1)) : Number(Number(value.toPrecision(4)).toFixed(4)));

  const number = (value) => {
    if (value === null || value === undefined) return "n/a";
    return Number.isInteger(value) ? value.toLocaleString("en") : shortNumber(value);
  };

  Object.assign(window.mmbenchSamples, { element, visible, inline, block, safeUrl, number });
})();
