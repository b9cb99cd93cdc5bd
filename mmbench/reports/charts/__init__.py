"""Charts as inline SVG, made without a drawing library and shown without JavaScript.

Colours are CSS variables, so that a chart follows the light or dark theme of its page. A chart is
drawn twice, for a narrow and for a wide place, and a container query shows one of the drawings:
text always has its full size. The numbers of a chart are in a table below it.
"""

STYLE = "charts.css"  # in `mmbench/reports/pages/assets/`; a page with charts needs it
