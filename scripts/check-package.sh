#!/usr/bin/env bash
# Packs the library and builds and runs a program of somebody else's against the package: Tests/Consumer, which finds
# it in a folder, needs no network, and leaves nothing behind.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

./synthsae pack
version=$(dotnet msbuild packaging/SynthSae.csproj -getProperty:Version)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# A package folder of its own: the user's could hold an older package of the same version.
export NUGET_PACKAGES=$place/packages MSBUILDDISABLENODEREUSE=1
if ! dotnet build Tests/Consumer -c Release -p:SynthSaeVersion="$version" --artifacts-path "$place/build" \
  -v quiet >"$place/log" 2>&1; then
  echo "A program does not build against the package:"
  cat "$place/log"
  exit 1
fi

# What the package brings to run with must not be there to compile against.
mkdir "$place/inner" "$place/run"
cp Tests/Consumer/{Consumer.csproj,Directory.Build.props,Directory.Build.targets} "$place/inner"
sed "s|\.\./\.\.|$PWD|" Tests/Consumer/nuget.config >"$place/inner/nuget.config"
echo 'System.Console.WriteLine(typeof(SynthSae.Compute.World));' >"$place/inner/Program.cs"
if dotnet build "$place/inner" -c Release -p:SynthSaeVersion="$version" --artifacts-path "$place/inner/build" \
  -v quiet >"$place/log" 2>&1 || ! grep -q CS0234 "$place/log"; then
  echo "The inner assemblies are there to compile against:"
  cat "$place/log"
  exit 1
fi

# The supervisor of its background runs has nothing to do with the user's, and ends with them.
env -i HOME="$place" PATH="$PATH" SYNTHSAE_STATE="$place/state" SYNTHSAE_SUPERVISOR_IDLE=1 ${DOTNET_ROOT:+DOTNET_ROOT="$DOTNET_ROOT"} \
  dotnet "$place/build/bin/Consumer/release/Consumer.dll" "$place/run"
if ! flock -w 30 "$place/state/supervisor.lock" true; then
  echo "The supervisor of the background runs has not ended"
  exit 1
fi
