#!/bin/sh
# Compiles the library. JDK 17.
set -e
cd "$(dirname "$0")"
out=$(mktemp -d)
javac --release 17 -g -d "$out" src/lib/*.java
jar --create --no-manifest --date=2020-01-01T00:00:00Z --file library.jar -C "$out" .
rm -r "$out"
