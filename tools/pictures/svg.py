"""Text, boxes and arrows as SVG, in colours that are legible on white and on black."""

from __future__ import annotations

from html import escape

SANS = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
GREY, INK = "#727a84", "#1f2328"

# The width of a letter relative to the font size: an upper estimate for the fonts above.
_WIDE = {"bold": 0.62, "plain": 0.58, "mono": 0.63}


def text_width(text: str, size: float, font: str = "plain") -> float:
    """Return the estimated width of a line of text in pixels; `font` is plain, bold or mono."""
    return len(text) * size * _WIDE[font]


def text_line(
    x: float,
    y: float,
    text: str,
    size: float,
    font: str = "plain",
    *,
    fill: str = INK,
    anchor: str = "middle",
) -> str:
    """Return a line of text with its baseline at y; `anchor` is start, middle or end."""
    family = MONO if font == "mono" else SANS
    weight = ' font-weight="600"' if font == "bold" else ""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" font-family="{family}" font-size="{size:g}"{weight}'
        f' fill="{fill}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def block(
    x: float, y: float, width: float, height: float, fill: str, stroke: str, *, dashed: bool
) -> str:
    """Return a box with round corners."""
    dashes = ' stroke-dasharray="5 3"' if dashed else ""
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="6"'
        f' fill="{fill}" stroke="{stroke}" stroke-width="1.5"{dashes}/>'
    )


def arrow(points: list[tuple[float, float]]) -> str:
    """Return a line through points, with an arrowhead at its end."""
    path = " L".join(f"{x:.0f} {y:.0f}" for x, y in points)
    return (
        f'<path d="M{path}" fill="none" stroke="{GREY}" stroke-width="1.5" marker-end="url(#to)"/>'
    )


def page(width: float, height: float, title: str, parts: list[str]) -> str:
    """Return a complete SVG file; `title` is for screen readers."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
    )
    marker = (
        '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto">'
        f'<path d="M0 0 L8 4 L0 8 z" fill="{GREY}"/></marker></defs>'
    )
    return "\n".join([head, f"<title>{escape(title)}</title>", marker, *parts, "</svg>", ""])
