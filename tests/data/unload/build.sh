#!/bin/sh
# Compiles the deployment: base.jar with the stubs that it needs, shop.jar against it. JDK 17.
set -e
cd "$(dirname "$0")"
out=$(mktemp -d)
stubs=../../../fixtures/stubs/src
javac --release 17 -g -d "$out/base" $(find src/base $stubs -name '*.java')
javac --release 17 -g -cp "$out/base" -d "$out/shop" $(find src/shop -name '*.java')
for unit in base shop; do
    jar --create --no-manifest --date=2020-01-01T00:00:00Z --file "$unit.jar" -C "$out/$unit" .
done
rm -r "$out"
