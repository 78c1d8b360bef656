#!/bin/sh
# Pins each requirements.in, for every platform and with hashes, into the .txt beside it; and what comes from npm.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python -m venv .cache/lock
.cache/lock/bin/python -m pip --disable-pip-version-check install --quiet uv==0.13.9
pin() {
    .cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url "$@"
}
pin requirements.in --output-file requirements.txt "$@"
# what is needed by several has one version: they are installed into .venv
pin docs/requirements.in --constraint requirements.txt --output-file docs/requirements.txt "$@"
pin host_tests/oracles/requirements.in --output-file host_tests/oracles/requirements.txt "$@"
pin host_tests/browser/requirements.in --constraint requirements.txt --output-file host_tests/browser/requirements.txt "$@"
pin tools/figures/requirements.in --constraint requirements.txt --output-file tools/figures/requirements.txt "$@"
pin tools/load/requirements.in --constraint requirements.txt --output-file tools/load/requirements.txt "$@"
if command -v npm >/dev/null; then
    npm install --prefix host_tests/oracles --package-lock-only --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved
fi
