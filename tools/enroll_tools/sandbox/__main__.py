"""``enroll-sandbox``."""

from enroll_tools import start


def main() -> None:
    """Run it under the name that was typed."""
    start.run(f"{__package__}.cli")


if __name__ == "__main__":
    start.run(f"{__package__}.cli", "enroll-sandbox")
