"""What the repository promises about itself."""

import json
import re
import shutil
from pathlib import Path

import leaks
import pytest
import schema_of_config
import schema_of_rest
from enroll.config import Config

ROOT = Path(__file__).resolve().parent.parent
PROVIDERS = ROOT / "lib" / "enroll" / "providers"
EXAMPLES = sorted((ROOT / "firmware" / "examples").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_a_good_configuration(path: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.der").touch()
    copy = shutil.copy(path, tmp_path / "enroll.json")
    assert Config.load(str(copy)).provider == path.stem.partition("_")[0]


def test_there_is_an_example_for_every_provider() -> None:
    assert {path.stem.partition("_")[0] for path in EXAMPLES} == {
        path.parent.name for path in PROVIDERS.glob("*/__init__.py")
    }


def test_nothing_beside_the_providers_names_one() -> None:
    files = [*(ROOT / "lib").rglob("*.py"), *(ROOT / "firmware").glob("*.py"), *(ROOT / "boards").rglob("*.py")]
    files = [path for path in files if not path.is_relative_to(PROVIDERS)]
    readme = (ROOT / "README.md").read_text()
    names = {path.parent.name for path in PROVIDERS.glob("*/__init__.py")}
    ours = {name for name in names if f"(docs/services/{name}.md)" in readme}
    assert len(ours) > 8
    words = "|".join(ours - {"rest"})  # which is a word, too; so may be the name of a service of your own
    named = re.compile(rf"""{words}|["'/]rest\b|providers[./](?:{"|".join(names)})\b""", re.IGNORECASE)
    assert {path.name: found for path in files if (found := named.search(path.read_text()))} == {}


def test_every_table_of_refusals_groups_its_codes_by_kind() -> None:
    """A kind that errors.py does not know, or a code above the first kind, would only show on a refused device."""
    kinds = "|".join(re.findall(r"^(\w+) \d\d ", (ROOT / "lib/enroll/errors.py").read_text(), re.MULTILINE))
    tables = [
        (path, table)
        for path in PROVIDERS.rglob("*.py")
        for table in re.findall(r'(?:REFUSALS|_COMMON) = (?:const\()?"""\n(.*?)"""', path.read_text(), re.DOTALL)
    ]
    assert len(tables) > len(EXAMPLES)
    for path, table in tables:
        assert table[0].isalpha(), f"{path}: {table}"
        for line in table.split("\n"):
            assert re.fullmatch(rf"(?:{kinds}):(?: \S.*)?|-?\d{{1,6}} \S.*", line), f"{path}: {line}"


def test_the_package_list_names_every_module() -> None:
    listed = {source for _, source in json.loads((ROOT / "package.json").read_text())["urls"]}
    assert listed == {path.relative_to(ROOT).as_posix() for path in (ROOT / "lib/enroll").rglob("*.py")}


def test_numbers_that_modules_repeat_agree() -> None:
    """To share them costs 87 bytes of flash: a device has a constant without underscore as a name, too."""
    from enroll import commit, credential, http1, journal
    from enroll.providers import answer_cut

    for name in ("_MAGIC", "_HEAD", "_SLOT", "_ENOENT"):
        assert getattr(commit, name) == getattr(journal, name), name
    # what is kept of a body is what a record takes
    assert {commit._MOST, journal._MOST, credential._MOST, http1._BODY, answer_cut._LONG} == {8192}


def test_every_file_is_short_enough_to_read() -> None:
    folders = ("lib", "firmware", "boards", "tools", "host_tests")
    long = {path.name: len(path.read_text().splitlines()) for name in folders for path in (ROOT / name).rglob("*.py")}
    assert not {name: lines for name, lines in long.items() if lines > 330}


def test_a_secret_is_found_wherever_it_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that are said often are gone through once."""
    said = [("a", "x token=S3CRET;y x\n"), ("b", "x x\ny"), ("c", "the two words\n")]
    monkeypatch.setattr(leaks, "_heard", said)
    monkeypatch.setattr(leaks, "_secrets", {"S3CRET", "two words", "words the", "x\ny", "unsaid"})
    assert sorted(leaks.leaked()) == ["S3CRET", "two words", "x\ny"]


def test_the_map_names_every_test() -> None:
    """host_tests/README.md: whatever it names is there, and each file of tests stands in a row, beside its promise."""
    tests = ROOT / "host_tests"
    tools = ROOT / "tools" / "enroll_tools"
    text = (tests / "README.md").read_text()
    named = {name for name in re.findall(r"`([\w/.]+)`", text) if re.search(r"/|\.py$", name)}
    assert {name for name in named if not any((top / name).exists() for top in (tests, tools, ROOT))} == set()
    rows = re.findall(r"^\| .*\|(.*)\|$", text.partition("\n## Promises\n")[2], re.MULTILINE)
    proofs = set(re.findall(r"`([\w/]+\.py)`", "".join(rows)))
    files = [*tests.rglob("test_*.py"), *(ROOT / "tools").rglob("test_*.py")]
    tops = {path: next(top for top in (tests, tools, ROOT) if path.is_relative_to(top)) for path in files}
    assert {str(path.relative_to(top)) for path, top in tops.items()} - proofs == set()
    folders = {
        f"{path.parts[0]}/" for path in (it.relative_to(tests) for it in tests.rglob("*.py")) if len(path.parts) > 1
    }
    assert folders <= named


def test_the_schema_of_rest_is_what_its_tool_writes() -> None:
    assert json.loads(schema_of_rest.PATH.read_text()) == schema_of_rest.schema()


def test_the_schema_of_enroll_json_is_what_its_tool_writes() -> None:
    """And each file in the examples has its provider in it; `make test-oracles` compares it with the device's check."""
    written = json.loads(schema_of_config.PATH.read_text())
    assert written == schema_of_config.schema()
    providers = {json.loads(path.read_text())["provider"] for path in (ROOT / "firmware" / "examples").glob("*.json")}
    assert providers == set(written["properties"]["provider"]["enum"])
