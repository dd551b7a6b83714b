#!/bin/sh
# Build all functions with their packages and deploy them to the emulator on localhost; takes the options
# of `dexec deploy`.
set -eu
machine=$(uname -m)
case "$machine" in aarch64 | arm64) architecture=arm64 ;; *) architecture=x86_64 ;; esac
export AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0
sam build --parameter-overrides "Architecture=$architecture"
exec dexec deploy --built .aws-sam/build --endpoint http://localhost:4566 --set "Architecture=$architecture" "$@"
