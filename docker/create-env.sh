#!/bin/sh
# Makes docker/.env (or docker/.env.tinker) from its example, with secrets made up on the spot. What is there is kept.
#
#   sh docker/create-env.sh            # docker/.env
#   sh docker/create-env.sh tinker     # docker/.env.tinker
set -eu
cd "$(dirname "$0")"

case "${1-}" in
  '') target=.env example=.env.example ;;
  tinker) target=.env.tinker example=.env.tinker.example ;;
  *) echo "Usage: sh docker/create-env.sh [tinker]" >&2; exit 2 ;;
esac
if [ -e "$target" ]; then
  echo "docker/$target is there already; it is left as it is."
  exit 0
fi

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

umask 077
while IFS= read -r line; do
  case "$line" in
    VLLM_API_KEY= | OPENCLAW_GATEWAY_TOKEN= | POSTGRES_PASSWORD=) echo "$line$(random)" ;;
    *) printf '%s\n' "$line" ;;
  esac
done <"$example" >"$target.new"
mv "$target.new" "$target"
echo "docker/$target is made. Still to fill in:"
grep -nE '^(TELEGRAM_BOT_TOKEN|CLAAS_TINKER_API_KEY)=$' "$target" || :
