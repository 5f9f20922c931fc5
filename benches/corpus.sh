#!/usr/bin/env bash
# Fetches real jars into corpus/ (ignored by git) to measure and compare on: Debian packages and Python wheels that carry
# jars. What is there already is left alone. The jars that `tests/data/labelled.yaml` names are among them.
set -eu

cd "$(dirname "$0")/.."
mkdir -p corpus/debian corpus/wheels

packages="liblogback-java liblog4j2-java libspring-core-java libspring-beans-java libspring-context-java
  libspring-aop-java libspring-web-java libnetty-java libtomcat10-embed-java libguava-java
  libjackson2-databind-java libehcache-java libokhttp-java libpostgresql-jdbc-java libquartz2-java libgrpc-java
  libel-api-java libcommons-logging-java"
(
    cd corpus/debian
    for package in $packages; do
        if ! ls "$package"_*.deb >/dev/null 2>&1; then
            apt-get download "$package" || echo "$package: not to be had" >&2
        fi
    done
    for deb in *.deb; do
        [ -e "$deb" ] && dpkg -x "$deb" unpacked
    done
)

if [ ! -d corpus/pyspark ]; then
    pip download --no-deps --no-binary :all: -d corpus/wheels pyspark==3.5.6 \
        || pip download --no-deps -d corpus/wheels pyspark==3.5.6
    mkdir -p corpus/pyspark
    tar -xzf corpus/wheels/pyspark-3.5.6.tar.gz -C corpus/pyspark --wildcards '*.jar'
fi

# Applications in wheels: a jar in each holds the libraries as jars.
grep -oE 'pypi [a-z-]+==[0-9.]+' tests/data/labelled.yaml | cut -d' ' -f2 | sort -u | while read -r wheel; do
    to=corpus/labelled/$wheel
    if [ -d "$to" ]; then
        continue
    fi
    at=corpus/wheels/$wheel
    pip download --no-deps --ignore-requires-python --only-binary :all: -d "$at" "$wheel"
    unzip -qo "$at"/*.whl '*.jar' -d "$at"
    mkdir -p "$to"
    grep -B1 "from: pypi $wheel\$" tests/data/labelled.yaml | sed -n 's/.*jar: //p' | sort -u | while read -r jar; do
        find "$at" -name '*.jar' -size +32M -exec unzip -qnj {} "BOOT-INF/lib/$jar*.jar" -d "$to" \; || true
    done
    rm -r "$at"
done

find -L corpus -name '*.jar' | wc -l | xargs echo "jars in corpus/:"
