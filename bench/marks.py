"""Marks: pages and megapixels a second, and what a worker needs at its peak.

Run it with `python bench/marks.py` (a table) or `python bench/marks.py --json` (for machines). Each case runs in a
process of its own, several times; the best time counts, because others may use the machine. Peak memory is what the
marking added to a process that had its libraries and the document loaded.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass
from time import perf_counter

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageChops

from gateway.watermark.document import mark
from gateway.watermark.plan import Plan, Visible

PLAN = Plan((Visible("ACME GmbH / sales@crm.example / 2026-11-23 / {mark}"),), frozenset(), bytes(32))
SEALED = Plan(PLAN.visible, frozenset({"copy", "annotate"}), bytes(32))
HIDDEN = Plan(PLAN.visible, frozenset(), bytes(32), hidden=bytes(range(32)))
MEGA = 1e6
MIB = 1 << 20
PAGES_A_SECOND = 3_000
PEAK_MIB = 60


@dataclass(frozen=True, slots=True)
class Result:
    """One case: how much work a second, in its unit, and what it took."""

    case: str
    unit: str
    a_second: float
    seconds: float
    input_mib: float
    output_mib: float
    peak_mib: float
    added_bytes_a_page: float


def invoices(pages: int, lines: int) -> bytes:
    """Give a PDF of pages full of text, as a report generator writes them."""
    pdf = pikepdf.new()
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    resources = pdf.make_indirect(Dictionary(Font=Dictionary(F1=font)))
    for number in range(pages):
        rows = (
            f"({row} article {number * row % 9973} at {row * 7 % 311}.{row % 10}0 EUR) Tj T*" for row in range(lines)
        )
        content = pdf.make_stream(f"BT /F1 9 Tf 12 TL 50 790 Td {' '.join(rows)} ET".encode())
        page = Dictionary(Type=Name.Page, MediaBox=Array([0, 0, 595, 842]), Resources=resources, Contents=content)
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def photo(kind: str, width: int, height: int) -> bytes:
    """Give a picture with gradients and grain."""
    level = Image.linear_gradient("L").resize((width, height))
    grain = Image.effect_noise((width, height), 24)
    bands = (level, ImageChops.add(Image.radial_gradient("L").resize((width, height)), grain, 2), grain)
    out = io.BytesIO()
    Image.merge("RGB", bands).save(out, kind, quality=85)
    return out.getvalue()


CASES = {
    "report, 2,000 pages": ("pdf", lambda: invoices(2_000, 50), PLAN, "pages"),
    "report, 2,000 pages, encrypted": ("pdf", lambda: invoices(2_000, 50), SEALED, "pages"),
    "report, 2,000 pages, hidden too": ("pdf", lambda: invoices(2_000, 50), HIDDEN, "pages"),
    "invoice, 1 page": ("pdf", lambda: invoices(1, 30), PLAN, "pages"),
    "photo, JPEG, 12 megapixels": ("jpeg", lambda: photo("JPEG", 4_000, 3_000), PLAN, "megapixels"),
    "the same, hidden too": ("jpeg", lambda: photo("JPEG", 4_000, 3_000), HIDDEN, "megapixels"),
    "picture, PNG, 2 megapixels": ("png", lambda: photo("PNG", 1_600, 1_250), PLAN, "megapixels"),
    **{
        f"picture, {kind}, 2 megapixels, hidden too": (
            kind.lower(),
            lambda kind=kind: photo(kind, 1_600, 1_250),
            HIDDEN,
            "megapixels",
        )
        for kind in ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF")
    },
}


def peak() -> int:
    """Give the most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure(case: str, repetitions: int) -> Result:
    """Run one case in this process."""
    kind, build, plan, unit = CASES[case]
    body = build()
    mark(kind, invoices(1, 1) if kind == "pdf" else photo(kind.upper(), 64, 64), PLAN)
    before, times = peak(), []
    for _ in range(repetitions):
        start = perf_counter()
        marked = mark(kind, body, plan)
        times.append(perf_counter() - start)
    seconds = min(times)
    if kind == "pdf":
        work = len(marked.codes)
    else:
        with Image.open(io.BytesIO(body)) as image:
            work = image.width * image.height / MEGA
    return Result(
        case=case,
        unit=unit,
        a_second=work / seconds,
        seconds=seconds,
        input_mib=len(body) / MIB,
        output_mib=len(marked.body) / MIB,
        peak_mib=(peak() - before) / MIB,
        added_bytes_a_page=(len(marked.body) - len(body)) / len(marked.codes),
    )


def apart(case: str, repetitions: int) -> Result:
    """Run one case in a process of its own."""
    command = [sys.executable, __file__, "--case", case, "--repetitions", str(repetitions)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Result(**json.loads(done.stdout))


def table(results: list[Result]) -> str:
    """Lay the results out for people."""
    rows = [f"{'case':41} {'a second':>18} {'took':>9} {'in':>9} {'out':>9} {'peak +':>9} {'a page +':>9}"]
    rows += [
        f"{result.case:41} {result.a_second:>8,.0f} {result.unit:9} {result.seconds * 1000:>6.0f} ms"
        f" {result.input_mib:>5.1f} MiB {result.output_mib:>5.1f} MiB {result.peak_mib:>5.0f} MiB"
        f" {result.added_bytes_a_page:>7,.0f} B"
        for result in results
    ]
    rows.append(f"to reach: {PAGES_A_SECOND:,} pages a second, peak + of the input and {PEAK_MIB} MiB, 2,000 B a page")
    return "\n".join(rows)


def main() -> None:
    """Measure every case, or one of them for the process that asked."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--json", action="store_true", help="write JSON")
    options.add_argument("--repetitions", type=int, default=3, help="how often each case runs (default 3)")
    options.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.case:
        print(json.dumps(asdict(measure(chosen.case, chosen.repetitions))))
        return
    results = [apart(case, chosen.repetitions) for case in CASES]
    print(json.dumps([asdict(result) for result in results], indent=2) if chosen.json else table(results))


if __name__ == "__main__":
    main()
