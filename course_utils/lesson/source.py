"""The source: the article that this course started from, and what it says.

A lesson cites it by the number of the statement: "S15" is its fifteenth.
"""

AUTHOR = "微学AI"
TITLE = "人工智能算法工程师(中级)课程17-模型的量化与部署之剪枝技巧与代码详解"
# Its statements in their order, in English and shortened.
SOURCE = {
    "S1": "pruning cuts compute and memory while accuracy holds",
    "S2": "W′ = W ⊙ mask: the mask has W's shape, 0 is pruned, 1 is kept",
    "S3": "l1_unstructured(Linear(10, 10), 'weight', amount=0.5) prunes half of the weights",
    "S4": "structured pruning removes whole filters or channels: a block mask",
    "S5": "structured pruning is easier to speed up on hardware",
    "S6": "ln_structured(Conv2d(3, 10, 3), 'weight', amount=0.25, n=2, dim=0) cuts 25 %",
    "S7": "random pruning: draw U(0, 1) for each weight, drop where it is below the ratio",
    "S8": "random_unstructured(Linear(10, 10), 'weight', amount=0.3) is random pruning of 30 %",
    "S9": "norm pruning: weights of small L1 or L2 norm go",
    "S10": "ln_structured(Linear(10, 10), 'weight', amount=0.2, n=1, dim=0) cuts 20 %",
    "S11": "iterative pruning: start at 10 % of the smallest, then 5 % more a round, up to 50 %",
    "S12": "weights are zeroed by a mask or physically deleted",
    "S13": "fine-tuning recovers the accuracy, sometimes improves it",
    "S14": "importance may also use gradients or activations",
    "S15": "three rounds of l1_unstructured(amount=0.2) prune 60 % in total",
    "S16": "fine-tuning needs enough epochs",
    "S17": "raising the ratio too fast makes accuracy collapse",
    "S18": "choose by model and hardware",
}
