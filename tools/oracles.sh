#!/bin/sh
# Fetches what `make test-oracles` compares with, pinned, into .cache/oracles: packages of PyPI, and of npm if Node is there.
set -eu
cd "$(dirname "$0")/.."
here=host_tests/oracles
there=.cache/oracles
if [ ! -e $there/python-ready ] || [ $here/requirements.txt -nt $there/python-ready ]; then
    echo "enroll: fetching the oracles of PyPI"
    .venv/bin/python -m venv --clear $there
    $there/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --requirement $here/requirements.txt
    touch $there/python-ready
fi
if ! command -v npm >/dev/null; then
    echo "enroll: the oracles of npm are left out: install Node 20 or later"
elif [ ! -e $there/node-ready ] || [ $here/package-lock.json -nt $there/node-ready ]; then
    echo "enroll: fetching the oracles of npm"
    cp $here/package.json $here/package-lock.json $there
    npm ci --prefix $there --ignore-scripts --no-audit --no-fund --silent && touch $there/node-ready || {
        rm -rf $there/node_modules
        echo "enroll: the oracles of npm are left out: they cannot be fetched here"
    }
fi
.venv/bin/python tools/mqtt_clients.py
.venv/bin/python tools/mosquitto.py || echo "enroll: the tests with a broker are left out: install mosquitto and mosquitto-clients"
