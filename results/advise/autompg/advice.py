"""The network that `python -m zoo advise` recommends for autompg.

`python advice.py` trains it and tells its R2 on the rows that advice kept back.
`python advice.py FILE` takes other data of the same columns.
The zoo reads the data: `pip install .` in its clone makes it a package.
"""

import sys

import keras
from keras import layers

from zoo.advice.held import examples_of

DATA = sys.argv[1] if len(sys.argv) > 1 else 'autompg.csv'
examples = examples_of(DATA)

model = keras.Sequential([keras.Input(examples.input_shape), layers.Flatten()])
for _ in range(2):
    model.add(layers.Dense(100, kernel_initializer='glorot_uniform'))
    model.add(layers.Activation('relu'))
model.add(layers.Dense(examples.num_classes))
model.compile(keras.optimizers.Adam(0.0003), keras.losses.MeanSquaredError())
model.fit(
    examples.x_train,
    examples.y_train,
    validation_data=(examples.x_validation, examples.y_validation),
    epochs=100,
    batch_size=32,
    verbose=2,
)
outputs = model.predict(examples.x_test, verbose=0)
found = 1 - ((outputs[:, 0] - examples.y_test) ** 2).mean() / examples.y_test.var()
print(f"R2 {100 * found:.1f} % on {len(examples.y_test)} rows kept back")
