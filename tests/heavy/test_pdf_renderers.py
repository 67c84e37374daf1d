"""The hidden mark of PDF pages is read back from what other renderers make of them: Poppler, MuPDF, Ghostscript."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
import hidden_pages
import marks_renderers as bench

from gateway.watermark.document import mark
from gateway.watermark.mark import number

pytestmark = pytest.mark.heavy

LEAKS = ["as rendered", "jpeg 50", "crop 50%", "resize 0.5"]


@pytest.mark.parametrize("renderer", sorted(bench.COMMANDS))
@pytest.mark.parametrize("page", ["dense", "dark", "scan"])
def test_a_page_gives_its_code_in_another_renderer(renderer, page):
    if not shutil.which(renderer):
        pytest.skip(f"{renderer} is not installed")
    document = bench.scan() if page == "scan" else hidden_pages.pdf(page)
    marked = mark("pdf", document, bench.PLAN)
    picture = bench.RENDERERS[renderer](marked.body, 100)
    for leak in LEAKS:
        assert bench.read(bench.LEAKS[leak](picture)) == number(marked.codes[0]), leak
