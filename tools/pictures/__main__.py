"""Write all pictures into a folder: `python -m tools.pictures docs/pictures`."""

import sys
from pathlib import Path

from tools.pictures import pictures

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, svg in pictures().items():
    (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
