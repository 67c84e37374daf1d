"""What docs/tracing.md and docs/marks.md tell people to type works, says what the pages show, and loads."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import font_kit
import pytest
from docs_pages import commands
from pdf_kit import add_page, blank, rendered, saved
from test_cli import sovgate, write

from gateway.config import load

ROOT = Path(__file__).parents[1]
TRACING, MARKS = ((ROOT / "docs" / name).read_text() for name in ("tracing.md", "marks.md"))


@pytest.fixture
def house(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write(tmp_path).folder


def shown(page: str) -> dict[str, tuple[str, str]]:
    """Give the commands of a page by their verbs, each with what the page says that it prints."""
    found = [pair for block in re.findall(r"```text\n(.*?)```", page, re.DOTALL) for pair in commands(block)]
    return {command.split()[1]: (command, output) for command, output in found}


def typed(command: str) -> str:
    said = sovgate(*shlex.split(command)[1:])
    assert said.code == 0, said
    return said.out + said.err


def general(text: str) -> list[str]:
    """Give lines with every code, pseudonym, date and number as one that may be any other."""
    any_code = re.sub(r"\b\w{5}-\w{5}-\w{5}\b", "CODE", text)
    any_name = re.sub(r"\b([co])_[\w-]{22}", r"\1_NAME", any_code)
    return re.sub(r"\d+(?:\.\d+)?", "0", any_name).splitlines()


def test_the_commands_of_the_page_on_tracing_say_what_it_shows(house):
    told = shown(TRACING)
    assert sorted(told) == ["mark", "trace"]
    pdf = blank()
    for _ in range(2):
        add_page(pdf)
    Path("drawing.pdf").write_bytes(saved(pdf))
    assert sovgate("passport", "describe", "C-017", "region=eu").code == 0
    command, output = told["mark"]
    assert general(typed(command)) == general(output)
    # The page shows what was exported by a flow, and here it was a file: the lines that both have are alike.
    rendered(Path("marked.pdf").read_bytes(), 150 / 72)[2].save("leak.jpg", quality=80)
    command, output = told["trace"]
    said, page = general(typed(command)), general(output)
    assert said[0].startswith("leak.jpg: comes from ")
    assert [line.split()[0] for line in said[1:] if "recipient" not in line] == [line.split()[0] for line in page[1:]]
    assert said[-1] == page[-1]
    assert [line for line in said if "customer" in line] == [line for line in page if "customer" in line]


def test_the_configuration_of_the_page_on_marks_loads(house):
    (block,) = re.findall(r"```yaml\n(.*?)```", MARKS, re.DOTALL)
    config = house / "gateway.yaml"
    config.write_text(config.read_text() + block)
    font = house / re.search(r"\[(.+?)\]", block)[1]
    font.parent.mkdir()
    font.write_bytes(font_kit.font("水"))
    assert load(config, {}).marks.fonts == (font,)


def test_the_programs_that_the_page_on_marks_names_are_there():
    named = re.findall(r"`python (bench/\w+\.py)`", MARKS)
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
