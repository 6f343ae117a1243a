#!/bin/sh
# Prints the path of the interpreter to build with: $PYTHON, or the newest supported one on PATH.
# Supported are the runtimes that template.yaml allows, since functions run locally on what is here.
# Each candidate is run, since a name on PATH may be a shim that answers "command not found".

works() {
    "$1" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1
}

path_of() {
    "$1" -c 'import sys; print(sys.executable)'
}

if [ -n "$PYTHON" ]; then
    if works "$PYTHON"; then
        path_of "$PYTHON"
        exit 0
    fi
    echo "PYTHON=$PYTHON is not a working Python 3.11, 3.12 or 3.13 with its venv module." >&2
    exit 1
fi

for candidate in python3.13 python3.12 python3.11 python3; do
    if works "$candidate"; then
        path_of "$candidate"
        exit 0
    fi
done

echo "No working Python 3.11, 3.12 or 3.13 with its venv module was found: install one," \
    "or name it with PYTHON=/path/to/python." >&2
exit 1
