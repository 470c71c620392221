#!/bin/sh
# What a GPU does with TotalSegmentator's networks, and TotalSegmentator's command on it beside us.
#
#     benchmarks/gpu.sh [PYTHON]
#
# Needs an installed Heimdallr and a GPU that PyTorch sees; no network: the weights are random numbers
# in the true architecture. Every figure is of one run, so run it twice.
set -eu
here=$(dirname "$0")
python=${1:-"$here/../.venv/bin/python"}
nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader || true
"$python" -c "from totalsegmentator import __file__; from importlib.metadata import version as v
print('TotalSegmentator', v('TotalSegmentator'), ' nnU-Net', v('nnunetv2'), ' PyTorch', v('torch'))"
for networks in "" --full; do
    for image in "" "--slices 600"; do
        echo "== engine.py --device cuda $networks $image"
        # shellcheck disable=SC2086 # options, or none
        "$python" "$here/engine.py" --device cuda $networks $image
    done
done
