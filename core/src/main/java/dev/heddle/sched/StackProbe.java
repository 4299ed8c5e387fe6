package dev.heddle.sched;

/**
 * Makes a {@link StackOverflowError} come before scheduler code has begun, not in the middle of it. A goroutine that has
 * recursed to the end of its stack may release or start something while it unwinds; an error between the lock and the
 * unlock of scheduler code would stop all others.
 *
 * <p>{@link #check} stands where a goroutine's stack enters the scheduler, before anything has been changed; {@link #room}
 * where the way can still be changed.
 *
 * <p>How it works: a compiled method looks at its entry whether the stack has room for itself, and for the interpreter's
 * frames of all that was compiled into it, since it may have to go on in the interpreter (HotSpot's
 * {@code bang_size_in_bytes}). So a method of many variables that are never used makes sure of much stack and takes hardly
 * any: 2 ns in a loop, where a recursion half as deep took 140, which was more than a channel operation.
 */
final class StackProbe {
    private StackProbe() {}

    /** Throws StackOverflowError if there is not enough room for any section of the scheduler. */
    static void check() {
        if (frame(1) == 0) {
            throw new AssertionError("never: keeps the calls from being optimised away");
        }
    }

    /** Whether there is enough room for any section of the scheduler. */
    static boolean room() {
        try {
            check();
            return true;
        } catch (StackOverflowError e) {
            return false;
        }
    }

    /**
     * Has a frame of more than 8 KiB in the interpreter: two pages, since compiled code looks page by page. That is enough
     * for the deepest section, {@code go} with a wake-up, in the interpreter (our measurement: 4.7 KiB were, in tests at
     * every depth near the end of the stack, also with {@code -Xint}; 2.4 KiB were not enough for a primitive).
     *
     * <p>The branch that is never taken has more byte code than is ever inlined (325 bytes): inlined, the look would be at the
     * entry of whatever it was inlined into, outside of {@link #room}'s try. The recursion is there because a method that
     * calls nothing does not look at all.
     */
    private static int frame(int depth) {
        if (depth < 0) {
            long
                    aA, aB, aC, aD, aE, aF, aG, aH, aI, aJ, aK, aL, aM, aN, aO, aP, aQ, aR, aS, aT, aU, aV, aW, aX, aY, aZ,
                    bA, bB, bC, bD, bE, bF, bG, bH, bI, bJ, bK, bL, bM, bN, bO, bP, bQ, bR, bS, bT, bU, bV, bW, bX, bY, bZ,
                    cA, cB, cC, cD, cE, cF, cG, cH, cI, cJ, cK, cL, cM, cN, cO, cP, cQ, cR, cS, cT, cU, cV, cW, cX, cY, cZ,
                    dA, dB, dC, dD, dE, dF, dG, dH, dI, dJ, dK, dL, dM, dN, dO, dP, dQ, dR, dS, dT, dU, dV, dW, dX, dY, dZ,
                    eA, eB, eC, eD, eE, eF, eG, eH, eI, eJ, eK, eL, eM, eN, eO, eP, eQ, eR, eS, eT, eU, eV, eW, eX, eY, eZ,
                    fA, fB, fC, fD, fE, fF, fG, fH, fI, fJ, fK, fL, fM, fN, fO, fP, fQ, fR, fS, fT, fU, fV, fW, fX, fY, fZ,
                    gA, gB, gC, gD, gE, gF, gG, gH, gI, gJ, gK, gL, gM, gN, gO, gP, gQ, gR, gS, gT, gU, gV, gW, gX, gY, gZ,
                    hA, hB, hC, hD, hE, hF, hG, hH, hI, hJ, hK, hL, hM, hN, hO, hP, hQ, hR, hS, hT, hU, hV, hW, hX, hY, hZ,
                    iA, iB, iC, iD, iE, iF, iG, iH, iI, iJ, iK, iL, iM, iN, iO, iP, iQ, iR, iS, iT, iU, iV, iW, iX, iY, iZ,
                    jA, jB, jC, jD, jE, jF, jG, jH, jI, jJ, jK, jL, jM, jN, jO, jP, jQ, jR, jS, jT, jU, jV, jW, jX, jY, jZ,
                    kA, kB, kC, kD, kE, kF, kG, kH, kI, kJ, kK, kL, kM, kN, kO, kP, kQ, kR, kS, kT, kU, kV, kW, kX, kY, kZ,
                    lA, lB, lC, lD, lE, lF, lG, lH, lI, lJ, lK, lL, lM, lN, lO, lP, lQ, lR, lS, lT, lU, lV, lW, lX, lY, lZ,
                    mA, mB, mC, mD, mE, mF, mG, mH, mI, mJ, mK, mL, mM, mN, mO, mP, mQ, mR, mS, mT, mU, mV, mW, mX, mY, mZ,
                    nA, nB, nC, nD, nE, nF, nG, nH, nI, nJ, nK, nL, nM, nN, nO, nP, nQ, nR, nS, nT, nU, nV, nW, nX, nY, nZ,
                    oA, oB, oC, oD, oE, oF, oG, oH, oI, oJ, oK, oL, oM, oN, oO, oP, oQ, oR, oS, oT, oU, oV, oW, oX, oY, oZ,
                    pA, pB, pC, pD, pE, pF, pG, pH, pI, pJ, pK, pL, pM, pN, pO, pP, pQ, pR, pS, pT, pU, pV, pW, pX, pY, pZ,
                    qA, qB, qC, qD, qE, qF, qG, qH, qI, qJ, qK, qL, qM, qN, qO, qP, qQ, qR, qS, qT, qU, qV, qW, qX, qY, qZ,
                    rA, rB, rC, rD, rE, rF, rG, rH, rI, rJ, rK, rL, rM, rN, rO, rP, rQ, rR, rS, rT, rU, rV, rW, rX, rY, rZ,
                    sA, sB, sC, sD, sE, sF, sG, sH, sI, sJ, sK, sL, sM, sN, sO, sP, sQ, sR, sS, sT, sU, sV, sW, sX, sY, sZ,
                    tA, tB, tC, tD, tE, tF, tG, tH, tI, tJ, tK, tL, tM, tN, tO, tP, tQ, tR, tS, tT, tU, tV, tW, tX, tY, tZ;
            aA = aB = aC = aD = aE = aF = aG = aH = aI = aJ = aK = aL = aM = aN = aO = aP =
            aQ = aR = aS = aT = aU = aV = aW = aX = aY = aZ = bA = bB = bC = bD = bE = bF =
            bG = bH = bI = bJ = bK = bL = bM = bN = bO = bP = bQ = bR = bS = bT = bU = bV =
            bW = bX = bY = bZ = cA = cB = cC = cD = cE = cF = cG = cH = cI = cJ = cK = cL =
            cM = cN = cO = cP = cQ = cR = cS = cT = cU = cV = cW = cX = cY = cZ = dA = dB =
            dC = dD = dE = dF = dG = dH = dI = dJ = dK = dL = dM = dN = dO = dP = dQ = dR =
            dS = dT = dU = dV = dW = dX = dY = dZ = eA = eB = eC = eD = eE = eF = eG = eH = depth;
        }
        return depth == 0 ? 1 : frame(depth - 1) + 1;
    }
}
