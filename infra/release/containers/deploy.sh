#!/bin/sh
# Build all functions with their packages and deploy them to the emulator on localhost; takes the options
# of `dexec deploy`.
set -eu
machine=$(uname -m)
case "$machine" in aarch64 | arm64) architecture=arm64 ;; *) architecture=x86_64 ;; esac
export AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0
sam build --parameter-overrides "Architecture=$architecture"
DATABASE_URL=$(python -m infra.release.containers.database_url)
export DATABASE_URL
exec dexec deploy --built .aws-sam/build --endpoint "http://localhost:$EMULATOR_PORT" --set "Architecture=$architecture" "$@"
