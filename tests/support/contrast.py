"""The contrast of the texts on a page, computed from the colours that the browser shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Returns [[text, ratio, required ratio], …] of the texts that are too faint, by WCAG 2.2, 1.4.3.
# What is behind a text is found at its centre, so the viewport must contain the whole page.
_SCRIPT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (colour) => {  // any CSS colour as [red, green, blue, alpha]
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => below.map((part, at) => top[at] * top[3] + part * (1 - top[3]));
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const isShape = (node) => node instanceof SVGGeometryElement;
  const paint = (node) => {
    const style = getComputedStyle(node);
    if (!(node instanceof SVGElement)) return parse(style.backgroundColor);
    if (!isShape(node)) return [0, 0, 0, 0];
    if (style.fill === "none") return [0, 0, 0, 0];
    const [r, g, b, a] = parse(style.fill);
    return [r, g, b, a * Number(style.fillOpacity) * Number(style.opacity)];
  };
  const behind = (x, y) => {
    const layers = [];
    for (const other of document.elementsFromPoint(x, y)) {
      const layer = paint(other);
      if (layer[3] > 0) layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse().reduce((back, layer) => over(layer, back), [255, 255, 255]);
  };
  const faint = [];
  let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const node = walker.currentNode.parentElement;
    if (!text || node.closest("script, style, noscript, title, desc, option, :disabled")) continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = range.getClientRects()[0];
    if (!box || box.width < 2 || box.height < 2 || !node.checkVisibility()) continue;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    // A text that is scrolled out of its container is not at its place.
    if (!document.elementsFromPoint(x, y).includes(node)) continue;
    const style = getComputedStyle(node);
    const back = behind(x, y);
    const front = over(parse(node instanceof SVGElement ? style.fill : style.color), back);
    const [low, high] = [light(front), light(back)].sort((a, b) => a - b);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (high + 0.05) / (low + 0.05);
    seen++;
    const least = isLarge ? 3 : 4.5;
    if (ratio < least - 0.005) faint.push([text.slice(0, 40), ratio, least]);
  }
  return { seen, faint };
}"""


def faint_texts(page: Page) -> list[str]:
    """Return the texts of a page with less contrast than WCAG AA requires, with their ratios.

    The viewport of the page is changed to contain the whole page. Raises AssertionError if no text
    could be measured.
    """
    height = page.evaluate("() => document.documentElement.scrollHeight")
    width = page.evaluate("() => innerWidth")
    page.set_viewport_size({"width": width, "height": min(16_000, height + 200)})
    found = page.evaluate(_SCRIPT)
    assert found["seen"] > 10
    return [f"{text}: {ratio:.2f} of {least}" for text, ratio, least in found["faint"]]
