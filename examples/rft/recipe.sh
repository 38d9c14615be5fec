#!/usr/bin/env bash
# From a weak model's score to a better one, on its own verified work; and a control beside it.
#
#   ./recipe.sh FOLDER [SEED]       all of it; the same command goes on with what is there
#
# SOLVED problems come with a solution, FURTHER ones with their answer alone. The control learns from the solutions
# alone, as long as the model that learns from them and from what the start got right by itself.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?where to}
seed=${2:-0}
python=${PYTHON:-python}
math500="$python -m math500"
asked="--prompt bare --max-tokens 64 --concurrency 64"
mkdir -p "$folder"

# 0. Problems, and a model that knows how such problems are talked about.
[ -d "$folder/start" ] || $python "$here/begin.py" "$folder/start" "${START_STEPS:-1500}"
[ -f "$folder/$seed/held.jsonl" ] ||
    $python "$here/world.py" "$folder/$seed" "${SOLVED:-200}" "${FURTHER:-1000}" "${HELD:-1500}" "$seed"
[ -f "$folder/start.gguf" ] || $math500 train export "$folder/start" --out "$folder/start.gguf" --quantization F16
cd "$folder/$seed"

ask() { # MODEL DATA OUT, and what else: a finished or stopped run is gone on with
    local model=$1 data=$2 out=$3
    shift 3
    if [ -d "$out" ]; then $math500 run --resume "$out" "$@" --quiet; else
        $math500 run --model "embedded:$model" --data "$data" --out "$out" $asked $SAMPLING --quiet
    fi
}

# 1. Sample it: several solutions of every problem.
SAMPLING="--samples ${SAMPLES:-16} --temperature 0.8 --seed 1" ask ../start.gguf train.jsonl sampled

# 2. Keep what was right, one of each calculation; and the data's own solutions for the control.
[ -d rft ] || $math500 synth rft sampled --out rft --per-problem 0
[ -d originals ] || $math500 train originals rft --data train.jsonl --out originals

# 3. Train on both, as long.
$math500 train sft rft originals --model ../start --control originals --out trained --threads 1 \
    --steps "${STEPS:-200}" --batch 48 --rows-at-once 48 --learning-rate 1e-3

# 4. Score the start, what it learnt by itself, and the control, on problems that none has seen.
for name in trained trained/control; do
    [ -f "$name.gguf" ] || $math500 train export "$name" --out "$name.gguf" --quantization F16
done
SAMPLING="" ask ../start.gguf held.jsonl before
SAMPLING="" ask trained.gguf held.jsonl after
SAMPLING="" ask trained/control.gguf held.jsonl control
$math500 compare before after
$math500 compare control after
