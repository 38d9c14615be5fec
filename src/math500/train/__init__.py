"""A hand-off to the trainers: a training set and a start in, a model that the engines read out.

    settings.py   how it is trained, as one readable TOML file
    start.py      the model that training starts from; a GGUF file is unpacked once
    folder.py     a training's folder: the only file that knows the names inside it
    loop.py       from what was asked for to what came out; what all trainers have in common
    rows.py       the rows of training sets: of one form, none too long, some held out
    arguments.py  the settings in the trainers' words
    sft.py        TRL's SFTTrainer
    reward.py     which of two is better: TRL's RewardTrainer
    prm.py        which steps are right: token classification under transformers' Trainer
    heads.py      a start with a head that values, and how it is kept
    measure.py    a trained reward model on sets that it was not trained on
    questions.py  questions with answers, for the trainings that write their own rows
    grpo.py       the grader as the reward: TRL's GRPOTrainer
    ppo.py        reward models as the reward: a critic on GRPOTrainer
    critic.py     what reward is to be expected, and each token's advantage
    scorer.py     the reward of completions, and what the watch wants to know of them
    signals.py    what gives a completion away: a box, a copy, a repetition
    alarms.py     the rules of the watch against reward hacking
    watch.py      held-out answers, alarms and the stop, while it is trained
    heldout.py    greedy answers to what is held out
    log.py        each step: the log, the progress, the alarm
    originals.py  the control's rows: the data set's own solutions of the same problems
    export.py     the trained model as safetensors or GGUF
    tensors.py    its weights as llama.cpp wants them
    vocabulary.py its settings and tokenizer in GGUF's words

torch, transformers, TRL and peft are the extra `train`; they are imported inside functions, here and in
`rewards/` alone. How to use it, and what it brought: docs/train.md,
docs/rl.md.
"""
