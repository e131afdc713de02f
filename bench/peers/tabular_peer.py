#!/usr/bin/env python3
"""scikit-learn on the splits of `sextant reproduce tabular`: the same contexts and test rows.

    build/venv/bin/python bench/peers/tabular_peer.py --data DIR --run OUT [--repeats N]

DIR holds index.csv and the tables, OUT the splits.csv and cases.csv of a run. Writes OUT/peers.csv, one
row per case and method, and prints means beside Sextant's on the
same cases. Run again, it goes on where it stopped.

Columns named as categorical are coded with an indicator per category, missing cells are filled in with
the mean or the most frequent category, and numbers are standardised, all from the context alone; the
methods have scikit-learn's default settings (more iterations for logistic regression). Probabilities
are mixed with 1% of the uniform distribution over the table's classes, as Sextant's are.
"""
import argparse
import collections
import csv
import pathlib
import sys
import warnings

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

UNIFORM_SHARE = 0.01
OURS = {"sextant": "none", "sextant, fixed T": "t", "sextant, advice": "advised"}


def methods(seed):
    return {"logistic regression": LogisticRegression(max_iter=1000),
            "random forest": RandomForestClassifier(random_state=seed),
            "gradient boosting": GradientBoostingClassifier(random_state=seed)}


def read_tables(folder):
    """name -> (columns [R, D], labels [R], categorical columns)"""
    tables = {}
    with open(folder / "index.csv", newline="") as stream:
        for row in csv.DictReader(stream):
            data = np.genfromtxt(folder / f"{row['name']}.csv", delimiter=",", skip_header=1)
            categorical = [int(place) for place in row["categorical_features"].split()]
            tables[row["name"]] = (data[:, :-1], data[:, -1].astype(int), categorical)
    return tables


def prepare(context, categorical):
    """Keeps columns with some value and codes them; `context` are the rows that may be looked at."""
    kept = [c for c in range(context.shape[1]) if not np.isnan(context[:, c]).all()]
    numeric = [c for c in kept if c not in categorical]
    codes = [c for c in kept if c in categorical]
    return ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numeric),
        ("codes", make_pipeline(SimpleImputer(strategy="most_frequent"),
                                OneHotEncoder(handle_unknown="ignore", sparse_output=False)), codes)])


def score(model, x, labels, classes):
    p = np.zeros((len(labels), classes))
    p[:, model.classes_] = model.predict_proba(x)
    accuracy = np.mean(p.argmax(1) == labels)
    mixed = (1 - UNIFORM_SHARE) * p[np.arange(len(labels)), labels] + UNIFORM_SHARE / classes
    return accuracy, -np.log(mixed).mean()


def run_case(columns, labels, categorical, context, test, seed):
    """Yields method, accuracy, log-loss."""
    classes = len(np.unique(labels))
    coder = prepare(columns[context], categorical)
    x = np.clip(coder.fit_transform(columns[context]), -1e6, 1e6)
    x_test = np.clip(coder.transform(columns[test]), -1e6, 1e6)
    for name, model in methods(seed).items():
        yield (name, *score(model.fit(x, labels[context]), x_test, labels[test], classes))


def read_rows(path):
    """Rows of a CSV file whose first lines may be comments."""
    if not path.exists():
        return []
    lines = path.read_text().splitlines()
    while lines and lines[0].startswith("#"):
        lines = lines[1:]
    return list(csv.DictReader(lines))


def print_means(tables, names, ours, peers):
    """Means over splits, then tables, then groups of tables with equal labels, as Sextant's."""
    group = {}
    for name in names:
        group[name] = next(other for other in names if np.array_equal(tables[other][1], tables[name][1]))
    values = collections.defaultdict(list)
    for row in (row for row in peers if row["table"] in group):
        values[int(row["size"]), row["method"], row["table"]].append((float(row["accuracy"]), float(row["log_loss"])))
    shared = {(row["table"], int(row["repeat"]), int(row["size"])) for row in peers}
    for row in ours:
        table, repeat, size = names[int(float(row["table"]))], int(float(row["repeat"])), int(float(row["size"]))
        if (table, repeat, size) not in shared:
            continue
        for method, key in OURS.items():
            values[size, method, table].append((float(row[f"accuracy_{key}"]), float(row[f"loss_{key}"])))
    sizes = sorted({size for size, _, _ in values})
    columns = [*OURS, *methods(0)]
    for title, which in (("accuracy", 0), ("log-loss", 1)):
        print(f"\n{title}\n{'context':>8}{'groups':>8}" + "".join(f"{name:>21}" for name in columns))
        for size in sizes:
            shown = []
            for method in columns:
                of_group = collections.defaultdict(list)
                for (a_size, a_method, table), scores in values.items():
                    if a_size == size and a_method == method:
                        of_group[group[table]].append(np.mean([one[which] for one in scores]))
                means = [np.mean(of_table) for of_table in of_group.values()]
                shown.append((len(means), np.mean(means) if means else float("nan")))
            print(f"{size:>8}{max(count for count, _ in shown):>8}" + "".join(f"{mean:>21.4f}" for _, mean in shown))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--run", type=pathlib.Path, required=True)
    parser.add_argument("--sizes", default="16,32,64,128,256,512,1000")
    parser.add_argument("--repeats", type=int, default=1_000_000, help="at most so many splits of every table")
    arguments = parser.parse_args()
    csv.field_size_limit(sys.maxsize)
    warnings.simplefilter("ignore")
    tables = read_tables(arguments.data)
    path = arguments.run / "peers.csv"
    done = {(row["table"], row["repeat"], row["size"]) for row in read_rows(path)}
    names = []
    with open(path, "a") as out:
        if path.stat().st_size == 0:
            out.write("table,repeat,size,method,accuracy,log_loss\n")
        for split in read_rows(arguments.run / "splits.csv"):
            if split["table"] not in names:
                names.append(split["table"])
            if int(split["repeat"]) >= arguments.repeats:
                continue
            test = [int(row) for row in split["test"].split()]
            order = [int(row) for row in split["order"].split()]
            for size in map(int, arguments.sizes.split(",")):
                if size > len(order) or (split["table"], split["repeat"], str(size)) in done:
                    continue
                for name, accuracy, loss in run_case(*tables[split["table"]], order[:size], test,
                                                     int(split["repeat"])):
                    out.write(f"{split['table']},{split['repeat']},{size},{name},{float(accuracy)!r},{float(loss)!r}\n")
                out.flush()
    print_means(tables, names, read_rows(arguments.run / "cases.csv"), read_rows(path))


if __name__ == "__main__":
    main()
