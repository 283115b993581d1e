// The built program. Where it is missing, the compiler's error names this "file" and so says what to do.
// (Not formatted: the formatter would drop the line directive.)
#line 1 "SynthSae is not built yet: run ./synthsae presets once, then this script again "
#I "../Shell/bin/Release/net10.0"
#r "SynthSae.Model.Spec.dll"
#r "SynthSae.Compute.dll"
#r "MathNet.Numerics.dll"
