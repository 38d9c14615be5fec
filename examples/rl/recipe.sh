#!/usr/bin/env bash
# GRPO on the tiny world of ../rft, and as many steps of plain fine-tuning beside it; PPO with reward models.
#
#   ./recipe.sh FOLDER [SEED]           all of it; the same command goes on with what is there
#   PRM=FOLDER ./recipe.sh FOLDER       and PPO by this process reward model (math500 train prm) and one of questions
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?where to}
seed=${2:-0}
python=${PYTHON:-python}
math500="$python -m math500"
steps=${STEPS:-300}
mkdir -p "$folder"

# 0. Problems, and a model that knows how such problems are talked about: as in ../rft.
[ -d "$folder/start" ] || $python "$here/../rft/begin.py" "$folder/start" "${START_STEPS:-1500}"
[ -f "$folder/$seed/held.jsonl" ] ||
    $python "$here/../rft/world.py" "$folder/$seed" "${SOLVED:-200}" "${FURTHER:-1000}" "${HELD:-1500}" "$seed"
[ -f "$folder/start.gguf" ] || $math500 train export "$folder/start" --out "$folder/start.gguf" --quantization F16
cd "$folder/$seed"

ask() { # GGUF OUT, and how it is sampled: a finished or stopped run is gone on with
    local model=$1 out=$2
    shift 2
    if [ -d "$out" ]; then $math500 run --resume "$out" --quiet; else
        $math500 run --model "embedded:$model" --data held.jsonl --out "$out" \
            --prompt bare --max-tokens 64 --concurrency 64 --quiet "$@"
    fi
}
score() { # NAME GGUF: greedy, and single samples
    ask "$2" "greedy-$1"
    ask "$2" "sampled-$1" --samples 8 --temperature 1 --seed 1
}

# 1. The questions with their answers; and the solutions of those that have one, for the control.
[ -d asked ] || $math500 train questions train.jsonl --prompt bare --out asked
[ -d solved ] || $math500 train originals asked --data train.jsonl --out solved

# 2. GRPO on all questions, at an even rate and then at a falling one; and as many steps on the solutions.
[ -f grpo-even/outcome.json ] || $math500 train grpo asked --model ../start --out grpo-even --config "$here/grpo.toml" \
    --steps "$steps"
[ -f grpo/outcome.json ] || $math500 train grpo asked --model grpo-even/model --out grpo --config "$here/grpo-fall.toml" \
    --steps "$((steps / 3))" --seed 1
[ -f control/outcome.json ] || $math500 train sft solved --model ../start --out control --steps "$((steps + steps / 3))" \
    --batch 48 --rows-at-once 48 --learning-rate "${CONTROL_RATE:-1e-4}" --threads 1

# 3. PPO, where there is a process reward model.
if [ -n "${PRM:-}" ]; then
    [ -d instructions ] || $python "$here/instructions.py" instructions
    [ -f irm/outcome.json ] || $math500 train reward instructions --model ../start --out irm \
        --steps 60 --batch 32 --rows-at-once 32 --learning-rate 1e-3 --threads 1
    [ -f ppo/outcome.json ] || $math500 train ppo asked --model ../start --out ppo --config "$here/ppo.toml" \
        --instruction-reward irm --process-reward "$PRM"
fi

# 4. Score them on problems that none has seen.
score start ../start.gguf
for name in grpo control ppo; do
    [ -d "$name/model" ] || continue
    [ -f "$name.gguf" ] || $math500 train export "$name" --out "$name.gguf" --quantization F16
    score "$name" "$name.gguf"
    $math500 compare "greedy-start" "greedy-$name"
done
$math500 compare greedy-control greedy-grpo
$math500 compare sampled-control sampled-grpo
