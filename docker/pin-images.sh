#!/bin/sh
# Adds to each image of the Dockerfiles and compose files that comes from a registry the digest that its tag has now. Again,
# it changes nothing; to follow a tag that has moved, remove its @sha256:… first. Needs Docker with buildx and its registry.
#
#   sh docker/pin-images.sh
set -eu
cd "$(dirname "$0")"

# A tag without a digest, at the end of `ARG NODE_IMAGE=…` or `image: …`; what has a variable in it is left alone.
tagged='s/^(ARG [A-Z]*_IMAGE=| +image: )([^$@ ]*:[^$@ ]*)$/\2/p'

for image in $(sed -nE "$tagged" ./*.Dockerfile docker-compose*.yml | sort -u); do
  digest=$(docker buildx imagetools inspect "$image" --format '{{.Manifest.Digest}}')
  case "$digest" in
    sha256:*) ;;
    *) echo "The registry tells no digest of $image: $digest" >&2; exit 1 ;;
  esac
  for file in ./*.Dockerfile docker-compose*.yml; do
    sed "s|\([= ]\)$image\$|\1$image@$digest|" "$file" >"$file.new"
    if cmp -s "$file" "$file.new"; then rm "$file.new"; else mv "$file.new" "$file"; fi
  done
  echo "$image@$digest"
done
