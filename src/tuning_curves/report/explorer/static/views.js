"use strict";
/* The views: what each is called, what can be chosen, and which function gives its rows, columns and charts. */

const COSTS = {
  train_seconds: ["training (s)", significant],
  seconds_per_step: ["a step (s)", significant],
  peak_memory_bytes: ["peak memory (MB)", megabytes],
  optimizer_bytes: ["optimizer (MB)", megabytes],
  gradient_bytes: ["gradients (MB)", megabytes],
  activation_bytes: ["activations (MB)", megabytes],
  delta_bytes: ["to store (MB)", megabytes],
  flops_per_step: ["operations of a step", significant],
};
const QUANTITIES = { change: "change (mean absolute)", first_gradient: "first gradient (mean absolute)" };

const VIEWS = {
  curves: {
    title: "Curves",
    controls: ["study", "budget", "metric", "methods"],
    draw: drawCurves,
    about:
      "Mean test score over seeds against the number of labelled examples, at the learning rate that validation chose; bars are intervals.",
  },
  differences: {
    title: "Differences",
    controls: ["study", "budget", "metric", "against", "methods"],
    draw: drawDifferences,
    about:
      "Paired differences of test scores, as the tables have them: only those that were computed are shown. Bars are intervals; above zero is better than the method it is held against.",
  },
  training: {
    title: "Training",
    controls: ["study", "budget", "size", "methods"],
    draw: drawTraining,
    about: "Loss, and score on a sample of the validation part, against the step: means over seeds.",
  },
  advice: {
    title: "I have n labels",
    controls: ["study", "labels", "minutes"],
    draw: drawAdvice,
    about:
      "Which methods and budgets may be the best at your number of labels, among those whose training took no longer: what the command advise says. Minutes are of one training at its chosen rate on the study's machine; the search for a rate takes a multiple.",
  },
  costs: {
    title: "Costs",
    controls: ["study", "budget", "metric", "cost", "methods"],
    draw: drawCosts,
    about: "What a training costs against what it scores; a point is a size, a line a method.",
  },
  shares: {
    title: "Trained share",
    controls: ["study", "budget", "metric", "size", "methods"],
    draw: drawShares,
    about: "Score against the share of all parameters that is trained, head included.",
  },
  biases: {
    title: "Biases",
    controls: ["study", "budget", "method", "size", "quantity"],
    draw: drawBiases,
    about: "How far each bias term moved by layer (1 is the lowest), and how large its first gradient was.",
  },
  verdicts: {
    title: "Verdicts",
    controls: ["judged", "source", "task", "verdict"],
    draw: drawVerdicts,
    about: "Published claims, judged by rules that were fixed before the runs, and why.",
  },
  facts: {
    title: "Facts",
    controls: ["judged"],
    draw: drawFacts,
    about:
      "What follows from counting or arithmetic, beside the sentence that speaks of it. Facts are no verdicts.",
  },
  studies: {
    title: "All studies",
    controls: [],
    draw: drawStudies,
    about: "BitFit minus full fine-tuning at every size and budget of the studies in the synthesis.",
  },
};
