#!/bin/sh
# Makes the virtual environment .venv from requirements.txt, as an ordinary user; says nothing on stdout.
set -eu
cd "$(dirname "$0")/.."
exec >&2
python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "enroll: Python 3.11 or later is needed; name one with PYTHON=/path/to/python3 make ..."
    exit 1
fi
rm -rf .venv
if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv .venv
    pip=pip
else # Debian keeps pip in a package of its own, which apt can fetch without root
    echo "enroll: fetching pip (python3-venv is not installed)"
    "$python" -m venv --without-pip .venv
    mkdir -p .cache/pip-whl
    (cd .cache/pip-whl && apt-get -q download python3-pip-whl >/dev/null && dpkg -x python3-pip-whl_*.deb .)
    pip=$(echo "$PWD"/.cache/pip-whl/usr/share/python-wheels/pip-*.whl)/pip
fi
echo "enroll: installing the host tools into .venv"
if [ "$pip" = pip ]; then set -- -m pip; else set -- "$pip"; fi
.venv/bin/python "$@" --disable-pip-version-check install --quiet --require-hashes --requirement requirements.txt
# this checkout's enroll-provision and enroll-sandbox; all that builds them is installed by now
.venv/bin/python "$@" --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
touch .venv/ready
