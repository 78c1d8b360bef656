#!/bin/sh
# Pins requirements.in, for every platform and with hashes, into requirements.txt.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python -m venv .cache/lock
.cache/lock/bin/python -m pip --disable-pip-version-check install --quiet uv==0.13.9
.cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    --no-emit-index-url requirements.in --output-file requirements.txt "$@"
