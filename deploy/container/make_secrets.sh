#!/bin/sh
# Make the passwords that deploy/compose.yaml hands to its containers as files; what is there stays.
#
# The folder keeps others of this machine out, the files let every container's user in: a secret
# that is a file comes into a container with the owner and the rights it has outside.
set -eu
folder=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)/secrets
umask 022
mkdir -p -m 0700 "$folder"

password() { od -An -N 24 -t x1 /dev/urandom | tr -d ' \n'; }

if [ ! -e "$folder/HEIMDALLR_DATABASE_URL" ]; then
    secret=$(password)
    printf '%s' "$secret" >"$folder/database_password"
    printf 'postgresql://heimdallr:%s@database/heimdallr' "$secret" >"$folder/HEIMDALLR_DATABASE_URL"
fi
if [ ! -e "$folder/archive_users.json" ]; then
    printf '{"RegisteredUsers": {"orthanc": "%s"}}\n' "$(password)" >"$folder/archive_users.json"
fi
