# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Choose a configuration for your board
#
# A core has a dozen parameters: how many table banks, how many outputs at a time, which distance. `lutdla explore`
# looks at every core that the hardware can have and finds the one that runs a network fastest in what a board has. This
# notebook does the same in Python, for a keyword spotter on three boards. All figures are predictions: cycles by a
# model of the Verilated core, area by one of yosys' synthesis, and the clock is an assumption until Vivado has shown
# it. (`pip install "lutdla[notebooks,explore]"`)

# %%
import matplotlib.pyplot as plt
import numpy as np

from lutdla.explore.ledger import Ledger
from lutdla.explore.limits import RESOURCES, WORDS
from lutdla.explore.problem import read_problem
from lutdla.explore.search import Search, Settings
from lutdla_overlay.boards import load_board
from lutdla_overlay.limits import limits_of

plt.style.use("lutdla.mplstyle")

# %% [markdown]
# ## The network and the boards
#
# A topology is known by name; a trained network comes as a recipe or a file (`read_problem("model.pt2", "mnist")`), and
# then the search also estimates what each way to encode costs in accuracy.

# %%
problem = read_problem("kws")
boards = [limits_of(load_board(name)) for name in ("zybo-z7-10", "pynq-z2", "zcu104")]
print(f"{problem.name}: {problem.shape.multiplications / 1e6:.1f} million multiplications an image, v={problem.v}, "
      f"c={problem.c}")
for board in boards:
    print(f"{board.name:<11} {board.clock_mhz:.0f} MHz,", ", ".join(f"{board.amounts[name]:,} {WORDS[name]}"
                                                                     for name in RESOURCES if board.amounts[name]))

# %% [markdown]
# ## Search
#
# Some millions of cores are rated, the best are compiled for. Two of the three distances are enough for a look.

# %%
METRICS = ("l1", "l2")
with Ledger() as ledger:
    answers = Search(problem, boards, Settings(objective="throughput", metric=METRICS), ledger).run()
for answer in answers:
    print(f"{answer.limits.name}: {answer.pick.choice.config}")
    print(*answer.why, sep="\n", end="\n\n")

# %% [markdown]
# ## Compare
#
# The distance matters on small parts: L2 needs multipliers in the encoder, L1 does not, which leaves room for more
# banks. On a large part it does not.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4), width_ratios=(1, 1.15))
for i, metric in enumerate(METRICS):
    rates = [max((each.choice.images_per_s for each in answer.candidates if each.metric == metric), default=0)
             for answer in answers]
    bars = left.bar(np.arange(len(answers)) + 0.37 * (i - 0.5), rates, 0.35, label=metric)
    left.bar_label(bars, fmt="{:,.0f}", fontsize=8, padding=2)
left.set_xticks(range(len(answers)), [answer.limits.name for answer in answers])
left.set(title="images a second, by distance")
left.legend()
for i, answer in enumerate(answers):
    shares = answer.pick.choice.shares
    names = [name for name in RESOURCES if any(each.limits.amounts[name] for each in answers)]
    right.bar(np.arange(len(names)) + 0.27 * (i - 1), [shares.get(name, 0) for name in names], 0.25,
              label=answer.limits.name)
right.set_xticks(range(len(names)), [WORDS[name] for name in names])
right.axhline(1, color="0.6", lw=1, ls="--")
right.set(title="share of the board that the picked core takes", ylim=(0, 1.05))
right.legend()
plt.show()

# %% [markdown]
# ## What limits it
#
# Where the cycles of an image go on each board's best core. Where layers wait, the stream that brings tables is the
# limit; where they do not, more banks or lanes would help.

# %%
figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), sharex=True, sharey=True)
for axis, answer in zip(axes, answers):
    found = answer.pick.choice.explanation
    layers = list(dict.fromkeys(record.layer for record in found.records))
    work, wait = ([sum(getattr(record, kind) for record in found.records if record.layer == layer) / found.images
                   for layer in layers] for kind in ("cycles", "waits"))
    axis.barh(layers, work, height=0.7, label="lookups")
    axis.barh(layers, wait, height=0.7, left=work, color="C1", label="waits")
    axis.set(title=f"{answer.limits.name}: {found.cycles_per_image:,.0f} cycles", xlabel="cycles")
axes[0].invert_yaxis()
axes[0].legend()
plt.show()

# %% [markdown]
# ## Smallest instead of fastest
#
# Other objectives are `latency`, `area` and `energy`.

# %%
with Ledger() as ledger:
    (small,) = Search(problem, boards[1:2], Settings(objective="area", metric=METRICS[:1]), ledger).run()
fast = answers[1]
for name, pick in (("fastest", fast.pick), ("smallest", small.pick)):
    choice = pick.choice
    print(f"{name:<9} {choice.images_per_s:>7,.0f} images a second, {choice.latency_us / 1000:,.1f} ms, "
          f"{choice.area.lut:,} LUTs, {choice.area.ramb36:,.0f} block RAMs: {choice.config}")

# %% [markdown]
# `lutdla explore kws --board pynq-z2 -o config.json` writes the same core, `lutdla build --board pynq-z2 --config
# config.json` builds its overlay, `compiler.compile(network, CoreConfig.from_dict(...))` compiles for it.
