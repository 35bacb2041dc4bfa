"""Train LeNet-300-100 as lesson 00 does and store it for the page: ``python -m …explore.toy``."""

from course_utils import data, models, training
from course_utils.explore.toy.page import STORED, packed
from course_utils.lesson.files import replace_with

EPOCHS, SEED = 10, 0

training.seed_everything(SEED)
digits = data.load_mnist()
net = models.LeNet300()
training.train(net, digits, epochs=EPOCHS, seed=SEED)
replace_with(STORED, packed(net, digits.test))
