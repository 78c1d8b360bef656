#!/bin/sh
# Starts Locust with the load profile of docs/load.md; the arguments are Locust's. Fetches it first, pinned, into
# .cache/load; with --fetch, does nothing else.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
here=$root/tools/load
there=$root/.cache/load
if [ ! -e "$there/ready" ] || [ "$here/requirements.txt" -nt "$there/ready" ]; then
    echo "enroll: fetching Locust" >&2
    make --no-print-directory -C "$root" setup >&2
    rm -rf "$there/packages"
    # A folder of packages, not a virtual environment: the profile needs those of .venv, too.
    "$root/.venv/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes \
        --requirement "$here/requirements.txt" --target "$there/packages"
    touch "$there/ready"
fi
[ "${1:-}" != --fetch ] || exit 0
PYTHONPATH=$root/tools:$root/lib:$root/host_tests:$there/packages
export PYTHONPATH
exec "$root/.venv/bin/python" -m locust --locustfile "$here/locustfile.py" "$@"
