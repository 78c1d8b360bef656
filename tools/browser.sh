#!/bin/sh
# Fetches what `make test-console` and `make screenshots` drive a browser with, pinned, into .cache/browser; and Chromium
# from Debian's packages where it is missing. The exit status is 69 where there is no browser.
set -eu
cd "$(dirname "$0")/.."
here=host_tests/browser
there=.cache/browser
if [ ! -e $there/ready ] || [ $here/requirements.txt -nt $there/ready ]; then
    echo "enroll: fetching Playwright and axe-core"
    rm -rf $there
    # A folder of packages, not a virtual environment: the tests need those of .venv, too.
    .venv/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --requirement $here/requirements.txt \
        --target $there/packages
    touch $there/ready
fi
if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "enroll: installing Chromium"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium >/dev/null || :
fi
if ! command -v chromium >/dev/null; then
    echo "enroll: the tests in a browser are left out: install Chromium, such as by 'apt install chromium'"
    exit 69
fi
