"""How Sphinx makes the site (`make docs`): every page is the Markdown that GitHub shows; this adds the navigation."""

from pathlib import Path

from sphinx.application import Sphinx

project = html_title = "enroll"
root_doc = "README"
extensions = ["myst_parser"]
include_patterns = ["*.md", "docs/**"]
exclude_patterns = [".*", "dist", "lib", "firmware", "boards", "host_tests"]  # nobody looks for pages there
nitpicky = True  # a link that leads nowhere is an error
smartquotes = False  # what a page quotes is typed as it stands
highlight_language = "text"
myst_heading_anchors = 4  # named as on GitHub

html_theme = "furo"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = html_show_copyright = html_show_sphinx = html_use_index = False

PAGES = sorted((Path(__file__).parent / "services").glob("*.md"))
SERVICES = {page.read_text().partition("\n")[0].lstrip("# "): f"docs/services/{page.stem}" for page in PAGES}
NAVIGATION = {
    "Use it": {
        "Getting started": "docs/getting-started",
        "Configuration": "docs/configuration",
        "API": "docs/api",
        "Your own firmware": "docs/integrate",
        "Out of the box": "docs/out-of-the-box",
        "MQTT": "docs/mqtt",
        "Outcomes": "docs/outcomes",
        "Questions": "docs/faq",
    },
    "Services": {
        **SERVICES,
        "Add a service": "docs/add-a-service",
    },
    "Boards and tools": {
        "Boards": "docs/boards",
        "ESP32": "docs/boards/esp32",
        "RP2040, RP2350": "docs/boards/rp2",
        "Provisioning": "docs/provision",
        "Sandbox": "docs/sandbox",
        "Load tests": "docs/load",
        "A million devices": "docs/storm",
    },
    "How it works": {
        "Design": "docs/design",
        "Size": "docs/size",
        "Profile": "docs/profile",
        "Benchmarks": "docs/benchmarks",
        "Limits": "docs/limits",
        "Security": "SECURITY",
    },
    "Evidence": {
        "Testing": "docs/testing",
        "Faults and their tests": "docs/faults",
        "Emulated Cortex-M3": "docs/qemu",
    },
    "The project": {
        "Contributing": "CONTRIBUTING",
        "Changelog": "CHANGELOG",
        "Release": "docs/release",
    },
}


def navigate(_app: Sphinx, page: str, source: list[str]) -> None:
    """Add the navigation to the first page, where GitHub would show it as code."""
    if page == root_doc:
        for caption, entries in NAVIGATION.items():
            lines = ["", "```{toctree}", ":hidden:", f":caption: {caption}", ""]
            lines += [f"{title} <{target}>" for title, target in entries.items()]
            source[0] += "\n".join([*lines, "```", ""])


def outdated(*_: object) -> list[str]:
    """Read the first page again at each build: a new page changes its navigation, though not its text."""
    return [root_doc]


def setup(app: Sphinx) -> None:
    app.connect("env-get-outdated", outdated)
    app.connect("source-read", navigate)
