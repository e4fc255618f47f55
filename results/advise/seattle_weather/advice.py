"""The network that `python -m zoo advise` recommends for seattle_weather.

`python advice.py` trains it and tells its accuracy on the rows that advice kept back.
`python advice.py FILE` takes other data of the same columns.
The zoo reads the data: `pip install .` in its clone makes it a package.
"""

import sys

import keras
from keras import layers

from zoo.advice.held import examples_of

DATA = sys.argv[1] if len(sys.argv) > 1 else 'seattle_weather.csv'
examples = examples_of(DATA)

model = keras.Sequential([keras.Input(examples.input_shape), layers.Flatten()])
for _ in range(2):
    model.add(layers.Dense(100, kernel_initializer='he_normal'))
    model.add(layers.Activation('tanh'))
model.add(layers.Dense(examples.num_classes))
model.compile(keras.optimizers.Adam(0.0003), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.fit(
    examples.x_train,
    examples.y_train,
    validation_data=(examples.x_validation, examples.y_validation),
    epochs=86,
    batch_size=32,
    verbose=2,
)
outputs = model.predict(examples.x_test, verbose=0)
found = (outputs.argmax(axis=1) == examples.y_test).mean()
print(f"accuracy {100 * found:.1f} % on {len(examples.y_test)} rows kept back")
