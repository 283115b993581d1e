using SynthSae.Dashboard.Runtime;
using SynthSae.Features;

namespace SynthSae.Dashboard
{
    internal abstract partial record Effect
    {
        /// <summary>Read what became of the features in an SAE of a run.</summary>
        /// <param name="Run">The run's id.</param>
        /// <param name="Folder">Its folder.</param>
        /// <param name="Sae">Which SAE, from 0.</param>
        public sealed record ReadFeatures(string Run, string Folder, int Sae) : Effect;
    }

    internal abstract partial record Msg
    {
        /// <summary>What became of the features in an SAE of a run.</summary>
        public sealed record FeaturesRead(string Run, int Sae, FeatureView View) : Msg;
    }
}

namespace SynthSae.Dashboard.Features
{
    /// <summary>Reads the files of features.</summary>
    internal sealed class FeatureEffects : IEffectHandler
    {
        public IEnumerable<Msg>? Handle(Effect effect) =>
            effect is Effect.ReadFeatures { Run: var run, Folder: var folder, Sae: var sae }
                ? [new Msg.FeaturesRead(run, sae, FeatureView.Read(folder, sae))]
                : null;
    }
}
