#!/usr/bin/env bash
# Make .venv with the locked dependencies and this project in it, and fetch Kafka where Java and Maven are found.
# Does only what has not been done for this lock, this pyproject.toml and this folder. Asks nothing.
#   PYTHON   the Python to use, else the first of the candidates below that will do
#   CI=true  a missing Kafka is a failure, and Java and Maven are installed with apt where that is possible; for the
#            tests a Prometheus is fetched with apt, into .venv, where there is none
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
in_ci() { [ "${CI:-}" = true ] || [ "${CI:-}" = 1 ]; }

# 3.11 is the oldest the code runs on; beyond 3.14 the locked wheels of numpy and others do not exist yet.
usable() {
  "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1
}

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.11 python3.12 python3.13 python3.14; do
    if usable "$candidate"; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  fail "no Python 3.11 to 3.14 with venv found: install one (Debian: apt install python3 python3-venv), or set PYTHON"
}

# The folder belongs to the stamp: a virtual environment knows where it lies and does not work elsewhere.
stamp() { { pwd; cat requirements.lock pyproject.toml; } | cksum; }

install_python_packages() {
  if [ -x .venv/bin/python ] && [ "$(cat .venv/setup.stamp 2>/dev/null)" = "$(stamp)" ]; then
    return
  fi
  local python
  python="$(find_python)"
  say "making .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
  say "installing the locked dependencies"
  .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --require-hashes -r requirements.lock
  .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check --no-deps --no-build-isolation -e .
  stamp >.venv/setup.stamp
}

java_and_maven() { command -v java >/dev/null && command -v mvn >/dev/null; }

install_java_and_maven() {
  if java_and_maven || ! in_ci; then
    return 0
  fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    return 0
  fi
  say "installing a Java runtime and Maven with apt"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null || true # an old list may still do
  apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless maven >/dev/null ||
    apt-get install -y -qq --no-install-recommends default-jre-headless maven >/dev/null || true
}

fetch_kafka() {
  install_java_and_maven
  if .venv/bin/python -m streams.kafka.embedded; then
    return
  fi
  if in_ci; then
    fail "with CI=true a real Kafka is needed: install a Java runtime 17 or newer and Maven"
  fi
  say "going on without: the mock cluster will be used, and tests that need a real Kafka are skipped"
}

# Unpacked, not installed: the package would start a server on every address of this machine.
fetch_prometheus() {
  if ! in_ci || command -v prometheus >/dev/null || [ -e .venv/prometheus ] || ! command -v apt-get >/dev/null; then
    return 0
  fi
  say "fetching Prometheus with apt, for the tests"
  mkdir .venv/prometheus
  (
    cd .venv/prometheus
    apt-get download -qq prometheus >/dev/null 2>&1 || { apt-get update -qq && apt-get download -qq prometheus; } >/dev/null
    dpkg-deb --extract prometheus_*.deb .
  ) || { rm -rf .venv/prometheus; say "no Prometheus: the tests that need one will fail"; }
}

install_python_packages
fetch_kafka
fetch_prometheus
