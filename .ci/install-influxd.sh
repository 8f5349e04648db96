#!/usr/bin/env bash
# Builds InfluxDB 2 as a Go tool, once, into a cache folder outside the repository, and prints the path
# of the program. Debian's influxdb is 1.6 and has no /api/v2; no download address appears here: the Go
# module proxy configured on the machine is the only source.
#
#   influxd=$(.ci/install-influxd.sh)
#
# Cold: about 5 minutes on 2 cores. Warm: a file test.
set -euo pipefail

version=v2.9.1
cache=${EXOSOME_MONITOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/exosome-monitor}
target=$cache/influxd-$version/influxd

if [ -x "$target" ]; then
    echo "$target"
    exit 0
fi
for tool in go cargo cc; do
    command -v "$tool" >/dev/null || {
        echo "install-influxd: '$tool' is missing; InfluxDB is built from source and needs Go, Rust and a C compiler" >&2
        exit 1
    }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOFLAGS=-modcacherw
# libflux pins a Rust toolchain that isn't installed; the stable one builds it.
export RUSTUP_TOOLCHAIN=stable

GOBIN="$work/bin" go install github.com/influxdata/pkg-config@v0.3.0 >&2
export PKG_CONFIG="$work/bin/pkg-config"

cd "$work"
go mod init scratch >&2
# A dependency's own `replace` lines are ignored by Go, so InfluxDB's is repeated here, read from its go.mod.
go mod download "github.com/influxdata/influxdb/v2@$version" >&2
influx_mod=$(go list -m -f '{{.GoMod}}' "github.com/influxdata/influxdb/v2@$version")
replacement=$(awk '/nats-io\/nats-streaming-server.*=>/ { sub(/^replace[ \t]+/, ""); print $0 }' "$influx_mod" | tail -n 1)
old=$(echo "$replacement" | awk -F'=>' '{ gsub(/^[ \t]+|[ \t]+$/, "", $1); gsub(/[ \t]+/, "@", $1); print $1 }')
new=$(echo "$replacement" | awk -F'=>' '{ gsub(/^[ \t]+|[ \t]+$/, "", $2); gsub(/[ \t]+/, "@", $2); print $2 }')
[ -n "$old" ] && go mod edit -replace="$old=$new"
go get -tool "github.com/influxdata/influxdb/v2/cmd/influxd@$version" >&2
go build -o "$work/influxd" github.com/influxdata/influxdb/v2/cmd/influxd >&2

mkdir -p "$(dirname "$target")"
mv "$work/influxd" "$target.part"
mv "$target.part" "$target"
echo "$target"
