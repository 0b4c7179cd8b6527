import { add, clipByValue, log, mul, scalar, sigmoid, sub, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { rowSum } from '@claas/tensor-backend';
import { centred, logRatio, zeroIfFinite } from './row-softmax.js';
import type { RowSoftmax } from './row-softmax.js';

/** A divergence D of each row and its gradient with respect to the student's logits after the temperature. */
export interface DivergenceTensors {
  /** (R, 1) */
  readonly divergence: Tensor2D;
  /** (R, V) */
  readonly gradient: Tensor2D;
}

/** Beyond this log-ratio one side has less than 1e-26 of the other: nothing is left to add, but for an α near 1 much that could underflow. */
const LARGEST_LOG_RATIO = 60;

/** D over the whole vocabulary, in the closed form of its α; exactly 0 with a gradient of exactly 0 where S and T have the same logits. */
export function fullDivergence(student: RowSoftmax, teacher: RowSoftmax, alpha: number): DivergenceTensors {
  if (alpha === 0) return forwardKl(student, teacher);
  if (alpha === 1) return reverseKl(student, teacher);
  return jensenShannon(student, teacher, alpha);
}

/** KL(T‖S) = Σ T·log(T/S); gradient S − T */
function forwardKl(student: RowSoftmax, teacher: RowSoftmax): DivergenceTensors {
  return tidy(() => ({
    divergence: rowSum(mul(teacher.probabilities, logRatio(teacher, student))),
    gradient: centred(sub(student.probabilities, teacher.probabilities), student),
  }));
}

/** KL(S‖T) = Σ S·log(S/T); gradient S ⊙ (log(S/T) − KL(S‖T)). Also the regularizer, with the base as T. */
export function reverseKl(student: RowSoftmax, teacher: RowSoftmax): DivergenceTensors {
  return tidy(() => {
    const weighted: Tensor2D = mul(student.probabilities, logRatio(student, teacher));
    const divergence = rowSum(weighted);
    return { divergence, gradient: sub<Tensor2D>(weighted, mul(student.probabilities, divergence)) };
  });
}

/**
 * (1−α)·KL(S‖M) + α·KL(T‖M) with M = (1−α)S + αT; gradient (1−α)·S ⊙ (log(S/M) − KL(S‖M)).
 *
 * With z = log(T/S): S/M = 1 / ((1−α) + α·eᶻ) = σ(−z − c) / (1−α), c = log α − log(1−α). The logistic function never overflows,
 * keeps its relative precision where it is small, and is one of the fast kernels of wasm. The constant log(1−α) is taken
 * from the same kernels, as their value at z = 0, so that equal logits give log(S/M) = 0 exactly.
 */
function jensenShannon(student: RowSoftmax, teacher: RowSoftmax, alpha: number): DivergenceTensors {
  return tidy(() => {
    const c = Math.log(alpha) - Math.log1p(-alpha);
    const unlimited = logRatio(teacher, student);
    const logTeacherOverStudent: Tensor2D = clipByValue(unlimited, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO);
    const atZero = log(sigmoid(sub(-c, scalar(0))));
    const logStudentOverMixture: Tensor2D = sub(log(sigmoid(sub(-c, logTeacherOverStudent))), atZero);
    const logTeacherOverMixture = add(logTeacherOverStudent, logStudentOverMixture);

    const studentTerms: Tensor2D = mul(student.probabilities, logStudentOverMixture);
    const studentKl = rowSum(studentTerms);
    const teacherKl = rowSum(mul(teacher.probabilities, logTeacherOverMixture));
    return {
      // What was limited would hide an infinite logit, which must show in the result.
      divergence: add<Tensor2D>(add(mul(studentKl, 1 - alpha), mul(teacherKl, alpha)), zeroIfFinite(unlimited)),
      gradient: mul<Tensor2D>(sub(studentTerms, mul(student.probabilities, studentKl)), 1 - alpha),
    };
  });
}
