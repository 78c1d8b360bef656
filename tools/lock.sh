#!/bin/sh
# Pins requirements.in and docs/requirements.in, for every platform and with hashes, into the .txt beside each.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python -m venv .cache/lock
.cache/lock/bin/python -m pip --disable-pip-version-check install --quiet uv==0.13.9
pin() {
    .cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url "$@"
}
pin requirements.in --output-file requirements.txt "$@"
# of what both need there is one version: both are installed into .venv
pin docs/requirements.in --constraint requirements.txt --output-file docs/requirements.txt "$@"
