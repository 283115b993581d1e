namespace SynthSae.Dashboard.Runtime;

/// <summary>Does effects of some kinds. Called on threads of the pool.</summary>
internal interface IEffectHandler
{
    /// <summary>Do an effect.</summary>
    /// <returns>What came of it; empty for nothing to tell. Null if others handle it.</returns>
    /// <exception cref="Exception">It is told in the line of messages.</exception>
    IEnumerable<Msg>? Handle(Effect effect);
}
