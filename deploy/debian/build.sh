#!/bin/sh
# Make dist/heimdallr_….deb of dist/heimdallr-….whl and dist/wheelhouse: `make deb`.
#
#     build.sh PYTHON      the Python whose wheels lie in the wheelhouse; the package asks for the same
#
# DEBFULLNAME and DEBEMAIL, Debian's own variables, say who answers for the package.
set -eu
umask 022
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
if [ ! -d dist/wheelhouse ]; then
    echo "build.sh: there is no dist/wheelhouse: make deb" >&2
    exit 1
fi
wheel=$(echo dist/heimdallr-*.whl)
version=$(basename "$wheel" | cut -d - -f 2)
python=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
next_python=$("$1" -c 'import sys; print("%d.%d" % (sys.version_info[0], sys.version_info[1] + 1))')
architecture=$(dpkg --print-architecture)
maintainer="${DEBFULLNAME:-The Heimdallr authors} <${DEBEMAIL:-heimdallr@localhost}>"
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

# Beside the wheelhouse, where it can be linked: it is most of a gigabyte.
tree=$(mktemp -d -p dist)
trap 'rm -rf "$tree"' EXIT
chmod 0755 "$tree"

share=$tree/usr/share/heimdallr
install -d "$share/dist"
cp -R docs "$share"
install -D -m 0755 -t "$share/deploy" deploy/install.sh
install -m 0644 -t "$share/deploy" deploy/heimdallr.env
install -m 0644 constraints.txt "$share"
install -m 0644 "$wheel" "$share/dist"
cp -Rl dist/wheelhouse "$share/dist"

install -D -m 0755 deploy/bin/heimdallr "$tree/usr/bin/heimdallr"
install -D -m 0640 deploy/heimdallr.env "$tree/etc/heimdallr/heimdallr.env"
install -D -m 0644 deploy/sysusers.d/heimdallr.conf "$tree/usr/lib/sysusers.d/heimdallr.conf"
install -D -m 0644 deploy/tmpfiles.d/heimdallr.conf "$tree/usr/lib/tmpfiles.d/heimdallr.conf"
install -D -m 0644 -t "$tree/lib/systemd/system" deploy/systemd/*

documents=$tree/usr/share/doc/heimdallr
install -D -m 0644 -t "$documents" deploy/debian/copyright NOTICE README.md
install -D -m 0644 deploy/debian/lintian-overrides "$tree/usr/share/lintian/overrides/heimdallr"
gzip -9n <CHANGELOG.md >"$documents/NEWS.md.gz"
gzip -9n >"$documents/changelog.gz" <<END
heimdallr ($version) unstable; urgency=medium

  * Release $version; NEWS.md.gz says what changed.

 -- $maintainer  $(LC_ALL=C date -u -R -d "@$epoch")
END

install -d "$tree/DEBIAN"
install -m 0755 -t "$tree/DEBIAN" deploy/debian/postinst deploy/debian/prerm deploy/debian/postrm
echo /etc/heimdallr/heimdallr.env >"$tree/DEBIAN/conffiles"
sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@PYTHON@/$python/; s/@NEXT_PYTHON@/$next_python/" \
    -e "s/@MAINTAINER@/$maintainer/; s/@SIZE@/$(du -sk "$tree" | cut -f 1)/" deploy/debian/control.in >"$tree/DEBIAN/control"
(cd "$tree" && find usr lib -type f -exec md5sum {} +) >"$tree/DEBIAN/md5sums"

# Wheels are compressed already.
SOURCE_DATE_EPOCH=$epoch dpkg-deb --root-owner-group --no-uniform-compression -Znone --build "$tree" dist
