"""What README and docs/ show works, and their links resolve."""

import itertools
import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import diagrams
import docsite
import pytest
from markdown_it import MarkdownIt
from on_micropython import FAKES, MARK
from runtimes import available, micropython

ROOT = Path(__file__).resolve().parent.parent

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("host_tests/*.md"), *ROOT.glob("tools/*/*.md")]


def inlines(page: Path) -> list[tuple[str, str, list[str]]]:
    """What a page's headings and paragraphs have: (tag around it, its text, where its links lead)."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text())
    found = []
    for before, token in itertools.pairwise(tokens):
        if token.type == "inline":
            children = token.children or []
            links = [str(it.attrs["src" if it.type == "image" else "href"]) for it in children if it.attrs]
            found.append((before.tag, token.content, links))
    return found


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives a page's headings."""
    headings = [text.lower() for tag, text, _ in inlines(page) if re.fullmatch(r"h\d", tag)]
    return {re.sub(r"[^\w -]", "", text).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in (link for _, _, links in inlines(page) for link in links if "://" not in link):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
    named = re.findall(r"`((?:docs|host_tests|tools|boards|firmware|lib)/[\w./-]+)`", page.read_text())
    assert not [name for name in named if not (ROOT / name).exists() and "acme" not in name]  # the reader makes Acme's


def test_the_readme_is_one_screen() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 120 and len(text.split()) <= 700  # as `wc` counts
    sections = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    order = ["Try it", "On a board", "What it speaks", "Why not plain `requests`?", "Status and evidence", "Links"]
    assert sections == order and text.index("```python") < text.index("](docs/demo.svg)") < text.index("## Try it")
    program = text.partition("```python\n")[2].partition("```")[0]
    assert len(program.splitlines()) == 8


def test_the_readme_counts_the_lines_of_a_new_service() -> None:
    text = (ROOT / "README.md").read_text()
    [claimed] = re.findall(r"\[(\d+) lines of code\]\(docs/add-a-service.md\)", text)
    lines = re.sub('^ *"{3}.*"{3}$', "", listings("add-a-service.md")[0], flags=re.MULTILINE).splitlines()
    assert len([line for line in lines if line and not line.startswith("#")]) == int(claimed)


def test_every_page_is_in_the_navigation() -> None:
    """`make docs` refuses the others, and takes longer to say so. Those of services are found by conf.py itself."""
    pages = {path.relative_to(ROOT).with_suffix("").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    configuration = (ROOT / "docs" / "conf.py").read_text()
    others = sorted(page for page in pages if not page.startswith("docs/services/"))
    assert len(others) > 15 and [page for page in others if f'"{page}"' not in configuration] == []


@pytest.mark.long
def test_a_new_page_gets_into_the_navigation_of_a_site_that_was_built_before(tmp_path: Path) -> None:
    """Only README has the navigation, and README has not changed."""
    pytest.importorskip("sphinx", reason="Sphinx is not there: run 'make docs' first")
    navigation = runpy.run_path(str(ROOT / "docs" / "conf.py"))["NAVIGATION"]
    for page in ("README", *(page for pages in navigation.values() for page in pages.values())):
        (tmp_path / page).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{page}.md").write_text(f"# {page}\n")
    shutil.copy(ROOT / "docs" / "conf.py", tmp_path / "docs")
    (tmp_path / "docs" / "site.css").touch()
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-c", "docs", "-d", ".trees", ".", "out"]
    for name in ("one", "two"):
        (tmp_path / "docs" / "services" / f"{name}.md").write_text(f"# {name}\n")
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
        assert done.returncode == 0, done.stderr
    assert "services/two.html" in (tmp_path / "out" / "README.html").read_text()


def listings(page: str) -> list[str]:
    """The Python in a page of docs/."""
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("where", ["cpython", *available()])
def test_a_service_is_added_as_the_page_says(tmp_path: Path, where: str) -> None:
    provider, test = listings("add-a-service.md")
    shutil.copytree(ROOT / "lib", tmp_path / "lib")
    (tmp_path / "lib/enroll/providers/acme").mkdir(exist_ok=True)
    (tmp_path / "lib/enroll/providers/acme/__init__.py").write_text(provider)
    (tmp_path / "test_acme.py").write_text(test)
    names = re.findall(r"^def (test_\w+)", test, re.MULTILINE)
    folders = f"{tmp_path}/lib:{ROOT}/host_tests:{FAKES}"
    if where == "cpython":
        start = "import cpython, runpy, sys; cpython.install(); sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0])"
        command = [sys.executable, "-c", start]
    else:
        command = [str(micropython(where))]
    command += [str(FAKES / "run.py"), str(tmp_path / "test_acme.py"), *names]
    environment = {"PYTHONPATH": folders, "MICROPYPATH": f"{folders}:.frozen", "TEST_FOLDER": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    results = dict(json.loads(line[len(MARK) :]) for line in done.stdout.splitlines() if line.startswith(MARK))
    assert results == dict.fromkeys(names, ""), done.stdout + done.stderr


def test_every_test_that_a_page_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "faults.md").read_text()))
    files = [path for top in ("host_tests", "tools") for path in (ROOT / top).rglob("test_*.py")]
    sources = "".join(path.read_text() for path in files)
    assert named and not {name for name in named if f"def {name}(" not in sources}


def test_the_sentences_that_the_questions_quote_are_said() -> None:
    page = (ROOT / "docs" / "faq.md").read_text()
    quoted = re.findall(r"`((?:no|has|is) [^`]+ [^`]+)`", page)
    library = "".join(path.read_text() for path in (ROOT / "lib" / "enroll").rglob("*.py"))
    assert len(quoted) == 3 and not [sentence for sentence in quoted if sentence not in library]


@pytest.mark.long
def test_the_picture_is_made_by_a_run_and_needs_no_network(tmp_path: Path) -> None:
    out = tmp_path / "demo.svg"
    subprocess.run([sys.executable, ROOT / "tools" / "picture.py", out], check=True, timeout=50)
    for path in (out, ROOT / "docs" / "demo.svg"):
        words = " ".join(ElementTree.parse(path).getroot().itertext()).replace("\xa0", " ")
        assert "enroll: registered etherfax" in words and "saw no packets" in words
        if path == out:  # the ports and numbers differ from run to run
            [shown] = re.findall(r"```\n(etherfax:.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
            assert re.sub(r"\s+|\d+", "", shown) in re.sub(r"\s+|\d+", "", words)
        assert "@font-face" not in path.read_text() and "url(http" not in path.read_text()


def test_the_diagrams_are_drawn_from_their_sources() -> None:
    """The states are those of journal.py's table: a table that changed needs `make diagrams`."""
    for path, svg in diagrams.drawn().items():
        assert path.read_text() == svg, f"{path.name} is out of date: type `make diagrams`"
        words = " ".join(ElementTree.fromstring(svg).itertext())
        assert "KEPT" in words or "Device" in words
        assert "http" not in svg.partition(">")[2], "a picture loads nothing"


def test_a_table_of_states_becomes_arrows() -> None:
    table = """event             holds           written   must
arm    asked       nothing         TRIED     yes
                   anything        next slot begun yes
note   no answer   TRIED, RAW      nothing
                   anything else   TRIED     no
clear  reset       anything        zeros     yes"""
    found = {(step.before, step.after, step.event) for step in diagrams.steps(table)}
    away = {(state, "nothing", "reset") for state in ("TRIED", "REFUSED", "RAW", "KEPT")}
    back = {("REFUSED", "TRIED", "no answer"), ("KEPT", "TRIED", "no answer")}
    assert found == {("nothing", "TRIED", "asked"), *back, *away}


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("a.html", '<link href="https://fonts.example/a.css"><script src="//cdn.example/a.js"></script>', 2),
        ("a.html", '<a href="https://example.com">a link is not fetched</a><img src="_images/demo.svg">', 0),
        ("a.html", '<style>@import "https://fonts.example/a.css";</style>', 1),
        ("a.css", "@font-face { src: url(https://fonts.example/a.woff2) } .a { background: url(data:image/png) }", 1),
        ("a.svg", '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>', 0),
    ],
)
def test_the_site_is_searched_for_what_needs_a_network(tmp_path: Path, name: str, text: str, count: int) -> None:
    (tmp_path / name).write_text(text)
    assert len(docsite.fetched(tmp_path / name)) == count


def test_the_help_of_make_fits_a_terminal() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) > 20 and [line for line in lines if len(line) > 80] == []
