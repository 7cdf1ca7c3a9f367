#!/usr/bin/env python3
"""Times regorus on one policy, JSON text in and JSON text out: its interpreter and its register machine.

  time_regorus.py -d PATH... -i INPUT.json... RULE

Prints microseconds an evaluation, the median of seven runs, each of a tenth of a second or of one pass over the inputs at
least: `{"interpreter": …, "rvm": …}`; null for what regorus doesn't run. Needs its Python package (see `make bench`).
"""
import argparse
import json
import statistics
import time

import regorus


def timed(step, inputs):
    def run(rounds):
        start = time.perf_counter()
        for _ in range(rounds):
            for text in inputs:
                step(text)
        return time.perf_counter() - start

    rounds = max(1, int(0.1 / max(run(1), 1e-9)))
    run(min(rounds, 100))
    return statistics.median(run(rounds) for _ in range(7)) / rounds / len(inputs) * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-d", dest="data", action="append", default=[])
    parser.add_argument("-i", dest="inputs", action="append", required=True)
    parser.add_argument("rule")
    args = parser.parse_args()
    modules, data = [], {}
    for path in args.data:
        with open(path, encoding="utf-8") as file:
            if path.endswith(".rego"):
                modules.append((path, file.read()))
            else:
                data.update(json.load(file))
    inputs = []
    for path in args.inputs:
        with open(path, encoding="utf-8") as file:
            inputs.append(file.read())

    engine = regorus.Engine()
    for name, text in modules:
        engine.add_policy(name, text)
    engine.add_data_json(json.dumps(data))

    def interpret(text):
        engine.set_input_json(text)
        engine.eval_rule_as_json(args.rule)

    result = {"interpreter": timed(interpret, inputs), "rvm": None}
    try:
        machine = regorus.Rvm()
        machine.load_program(regorus.Program.compile_from_modules(json.dumps(data), modules, [args.rule]))
        machine.set_data_json(json.dumps(data))
    except Exception:  # Its machine takes fewer policies than its interpreter, and says so in several ways.
        machine = None
    if machine:

        def execute(text):
            machine.set_input_json(text)
            machine.execute()

        result["rvm"] = timed(execute, inputs)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
