"""Lists the words by which posts dispute what others say, by language.

They were chosen by hand, those of English and Chinese on one half of the posts in
`benchmarks/framings/stance`. Only phrases that are certain are listed for the other languages.
Chinese phrases match simplified and traditional characters.
"""

from dataclasses import dataclass

__all__ = ["CUES", "FACT_CHECK_ADDRESSES", "Cues"]


@dataclass(frozen=True, slots=True)
class Cues:
    """The cues of one language; a `*` stands for the rest of a word.

    `refutes` dispute wherever they stand. `labels` do at the beginning of a sentence or after a
    dash or quotation, with punctuation behind them, `answers` at the beginning of the sentence
    after a question, also with punctuation behind them. `verdicts` do at the beginning of a
    sentence, or if one of `subjects` or a word of the claim stands before them: what is said to be
    false must be something that was said. `qualities` do before one of the `subjects`, with one
    word between them at most.

    `affirms` say that something is true; a post with one of them and a cue of dispute is unclear.
    `cancels` directly before a cue invert it ("not a hoax"). `reports` before a cue mean that it is
    another person's, `targets` that it is about the other side ("the official statement is false"),
    `spreads` that somebody is accused of spreading it; all within one sentence, `targets` also in
    the one before. `doubts` make a post unclear, and so do `asks` in a question, and `turns`
    anywhere after a cue ("is false, but").

    `negations` dispute a word of the claim that follows them; `skips` are words that may stand
    between the two. `spaced` is whether the script has spaces between words.
    """

    spaced: bool
    refutes: tuple[str, ...]
    labels: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    qualities: tuple[str, ...] = ()
    affirms: tuple[str, ...] = ()
    cancels: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    spreads: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    negations: tuple[str, ...] = ()
    skips: tuple[str, ...] = ()


def _list(text: str) -> tuple[str, ...]:
    """Phrases separated by commas or line breaks."""
    return tuple(filter(None, (part.strip() for part in text.replace("\n", ",").split(","))))


_ENGLISH = Cues(
    spaced=True,
    # Verbs and nouns that hardly ever say anything else. `denies` and `rejects` need an object that
    # is a saying: "they deny everything" is what those write who believe the claim.
    refutes=_list("""
        debunk*, misinformation, disinformation, photoshopped, photomontage, doctored,
        ai-generated, ai generated, deepfake, fabricated, fabrication, made-up story,
        out of context, taken out of context, no evidence that, no evidence of, no evidence for,
        without any evidence, without a shred of evidence, no truth to, no truth in,
        no basis in fact, contrary to claims, contrary to reports, contrary to rumours,
        contrary to rumors, contrary to what you, fake news, myth busted, old scare,
        urban legend, chain letter, hoax message, stop sharing this, stop sharing it,
        stop spreading, please stop sharing, please don't share, please do not share,
        do not believe the post*, do not believe the message*, don't believe the post*,
        don't believe the message*, don't believe the rumour*, don't believe the rumor*,
        don't fall for it, don't fall for this, denies that, denied that, denies report*,
        denied report*, denies claim*, denied claim*, denies rumour*, denied rumour*,
        denies rumor*, denied rumor*, refutes, refuted, rebuts, rebutted, disproves, disproved,
        dispels, dismisses report*, dismissed report*, dismisses claim*, dismissed claim*,
        dismisses rumour*, dismissed rumour*, rejects report*, rejected report*, rejects claim*,
        rejected claim*, rejecting online, rejecting report*, rejecting claim*,
        rejecting rumour*, satire page, satire site, satire website, satirical site,
        satirical page, from a video game, from a film, from a movie, from another country,
        in another country, years old, an old video, old video, old photo, old picture,
        nothing to do with, never happened, didn't happen, did not happen, not a photo of,
        not photos of, not a picture of, not pictures of, not a video of
    """),
    labels=_list("""
        fact check, fact-check, factcheck, correction, clarification, false, fake news,
        debunked, misleading, incorrect, myth, hoax, hoax alert, not true, untrue, wrong
    """),
    answers=_list("no, nope, false, fake, wrong, not true, of course not, absolutely not"),
    verdicts=_list("""
        is false, are false, was false, were false, as false, completely false, totally false,
        entirely false, simply false, is fake, are fake, is a fake, was fake, is untrue,
        are untrue, not true, untrue, isn't true, aren't true, is not real, isn't real,
        is wrong, are wrong, were wrong, was wrong, incorrect, not accurate, inaccurate,
        is a lie, are lies, is a hoax, was a hoax, a hoax, is a myth, a myth, is nonsense,
        nonsense, is rubbish, rubbish, bogus, baseless, groundless, unfounded, is a forgery,
        a forgery, forged, is a prank, a prank, staged, misleading, made up, invented,
        an invention, pure invention, is a conspiracy theory, a conspiracy theory, not ours,
        is edited, has been edited, has been manipulated
    """),
    subjects=_list("""
        this, that, it, these, those, claim*, story, stories, report*, rumour*, rumor*,
        message*, post, posts, tweet*, video*, photo*, picture*, pic, image*, clip*, footage,
        screenshot*, letter*, notice*, news, article*, warning*, allegation*, speculation,
        narrative, quote*, headline*, document*, recording*, panic
    """),
    qualities=_list("fake, false, bogus, misleading, baseless, unfounded, forged"),
    affirms=_list("""
        is true, are true, was true, rated true, confirmed true, to be true, came true
    """),
    cancels=_list("""
        not, no, isn't, aren't, wasn't, ain't, no longer, never, nothing, nobody's,
        not a single, it's not, hardly
    """),
    reports=_list("""
        call* it, call* this, call* that, call me, call us, call*, calling, claim it's,
        says it's, say it's, think*, who still, tell me, tell yourself, told us, told me,
        they say, they said, pretend*, accuse*, because they say, so-called
    """),
    targets=_list("""
        official*, government*, statement*, denial*, assurance*, excuse*, they claim*, they say,
        they said, they told, they deny, authorities claim*, police claim*, management,
        promise*, media, press, liars, report that
    """),
    spreads=_list("""
        spread*, publish*, they use, with false, with fake, hands out, use*, sell*, gave, give*,
        our, their
    """),
    doubts=_list("""
        not true that, isn't true that, untrue that, is false that, a lie that, a myth that,
        unconfirmed, unverified, not verified, not confirmed, true or false, real or fake,
        fake or real, is it real, is this real, is it true, is that true, is this true, true?,
        really?, source?, anyone confirm, anybody confirm, someone confirm, can anyone,
        can anybody, can somebody, can someone, anybody know, anyone know, has anyone,
        has anybody, not sure, can't tell, waiting for, who knows, both ways, i've read both,
        conflicting, where does this come from, satire
    """),
    asks=_list("fake, real, true, false, hoax, rumour*, rumor*, lie, confirmed"),
    turns=("but", "yet", "however"),
    negations=_list("""
        not, no, never, nobody, none, neither, nor, cannot, isn't, aren't, wasn't, weren't,
        hasn't, haven't, hadn't, didn't, doesn't, won't, can't, no one, ain't
    """),
    skips=_list("""
        a, an, any, the, be, been, being, was, were, is, are, has, have, had, about, to, ever,
        yet, actually, really, been, such, in, on, there, that, get, given, going, getting, by,
        of
    """),
)

_CHINESE = Cues(
    spaced=False,
    # 辟谣, 澄清, 驳斥: official refutations; 不实, 子虚乌有, 毫无根据: verdicts that stand alone.
    refutes=_list("""
        辟谣, 不实信息, 不实消息, 不实传言, 不实报道, 不属实, 并不属实, 传言不实, 并非事实,
        与事实不符, 毫无根据, 没有根据, 没有科学依据, 没有任何依据, 没有证据, 没有任何证据,
        无稽之谈, 子虚乌有, 纯属捏造, 纯属虚构, 纯属谣言, 纯属编造, 纯属谎言, 捏造的, 编造的,
        是编造, 系编造, 系伪造, 是伪造, 系谣言, 是谣言, 为谣言, 谣言又, 老谣言, 谣言止于,
        不信谣, 不传谣, 造谣者, 假新闻, 假消息, 假信息, 虚假信息, 虚假消息, 错误信息, 错误消息,
        系摆拍, 是摆拍, 合成图, 是合成, 系合成, 图是p的, 是p的, 是ai生成, 系ai生成, ai生成的,
        移花接木, 张冠李戴, 断章取义, 恶作剧, 误导, 系误报, 是误报, 旧视频冒充, 旧图, 旧闻,
        炒冷饭, 冷饭, 阴谋论, 胡说八道, 一派胡言, 驳斥, 否定网上, 否认网传, 否认网上, 否认该,
        予以否认, 请勿转发, 请勿转传, 请勿听信, 请勿相信, 请不要相信, 不要相信网, 大家不要信,
        别上当, 不要上当, 别转了, 被打脸, 与此无关, 无关系, 没有关系, 并非本院发布,
        并非本校发布, 并非官方发布, 从未发布过, 是国外, 在国外拍, 来自一款游戏, 出自电影,
        年前在国外
    """),
    labels=_list("""
        辟谣, 澄清, 澄清一下, 查证, 查核, 事实核查, 核查, 谣言, 经核实, 经查, 误导, 假新闻, 错,
        错误, 不实
    """),
    answers=_list("""
        假的, 错, 错了, 假新闻, 谣言, 不实, 不是, 没有的事, 并没有, 不会, 当然不是
    """),
    verdicts=_list("是假的, 系假, 是假消息, 是谎言, 不是真的, 不真实, 是错的, 有误, 不是事实"),
    subjects=_list("""
        网传, 盛传, 传闻, 传言, 消息, 说法, 讯息, 信息, 之说, 视频, 影片, 照片, 图片, 截图,
        这张, 这段, 通知, 帖子, 文章, 这, 此
    """),
    affirms=_list("情况属实, 消息属实, 证实属实, 确有其事, 是真的, 谣言成真"),
    # 不是谣言, 并非谎言: it is not false. 媒体却说是假新闻: another's verdict.
    cancels=_list("不是, 不再是, 并不是, 并非, 绝非, 不算, 别说是, 岂是, 哪是"),
    reports=_list("""
        却说, 说是, 称是, 还说, 敢说, 以为, 说我, 说我们, 当成, 当作, 骂, 他们说, 官方说,
        警方说, 校方说, 政府说, 学校说, 厂方说, 谁说, 说这是, 就当, 当它, 叫做, 称为, 称作,
        说成, 当初, 求
    """),
    targets=_list("""
        声明, 官方, 通报, 报告, 数字, 他们说, 政府, 校方说, 学校说, 警方说, 说是为了, 承诺,
        证件
    """),
    spreads=_list("散布, 散播, 传播"),
    doubts=_list("""
        真的假的, 是真是假, 真假, 是真的吗, 真的吗, 是不是真, 到底是不是, 求证, 求辟谣, 求证实,
        谁能证实, 能证实, 能确认, 未经证实, 尚未证实, 待核实, 不确定, 不知道该不该信, 该不该信,
        哪来的, 有来源吗, 等通报, 等报告, 说法不一, 两种说法, 都有人说, 不太敢相信,
        还是只是八卦, 有没有人, 看不懂
    """),
    asks=_list("真, 假, 谣言, 证实"),
    turns=_list("但, 可是, 可我, 可他, 却, 结果, 后来"),
    negations=_list("没有, 不是, 不会, 从未, 并未, 并无, 未曾, 没人, 并没, 并不, 并非"),
)

# Of the languages below only phrases are listed that always dispute.
_SPANISH = Cues(
    spaced=True,
    refutes=_list("""
        es falso, es falsa, son falsos, son falsas, es mentira que, es un bulo, bulo,
        desmiente*, desmintió, desmentido, noticia falsa, noticias falsas, no es cierto,
        no es verdad, desinformación, fuera de contexto, es un montaje
    """),
    labels=_list("falso, bulo, verificación"),
    cancels=_list("no, no es, no son, nunca"),
    reports=_list("dicen que, llaman, según ellos"),
    targets=_list("gobierno, oficial, ellos dicen"),
    doubts=_list("es verdad, es cierto, es falso, alguien sabe, sin confirmar"),
)
_ARABIC = Cues(
    spaced=True,
    refutes=_list("""
        خبر كاذب, أخبار كاذبة, اخبار كاذبة, شائعة كاذبة, إشاعة كاذبة, غير صحيح, غير صحيحة,
        لا صحة, لا أساس له, لا أساس لها, عار عن الصحة, عارية عن الصحة, خبر مفبرك, فيديو مفبرك,
        صورة مفبركة, معلومات مضللة
    """),
    cancels=_list("ليس, ليست"),
    doubts=_list("هل هذا صحيح, هل الخبر صحيح"),
)
_RUSSIAN = Cues(
    spaced=True,
    refutes=_list("""
        это фейк, является фейком, оказалось фейком, оказался фейком, фейковая новость,
        фейковое видео, это неправда, не соответствует действительности, опроверг, опровергла,
        опровергли, опровергают, опровергает, опровержение, дезинформация, вырвано из контекста
    """),
    labels=_list("фейк, неправда, опровержение, фактчек"),
    cancels=_list("не, это не, вовсе не"),
    reports=_list("говорят что, называют"),
    doubts=_list("это правда, правда ли, фейк или"),
)
_JAPANESE = Cues(
    spaced=False,
    refutes=_list("""
        デマです, デマでした, はデマ, というデマ, 誤情報です, 偽情報です, 事実ではありません,
        事実ではない, 事実無根, フェイクニュース, 捏造です
    """),
    labels=_list("ファクトチェック, デマ, 誤情報"),
    doubts=_list("本当ですか, デマですか, 本当なの, デマなの"),
)
_KOREAN = Cues(
    spaced=False,  # particles follow words without a space
    refutes=_list("""
        가짜뉴스입니다, 가짜 뉴스입니다, 가짜뉴스다, 사실이 아닙니다, 사실이 아니다, 사실무근,
        허위사실입니다, 허위 정보입니다, 허위정보입니다, 유언비어입니다, 루머입니다,
        조작된 사진, 조작된 영상
    """),
    labels=_list("팩트체크"),
    doubts=_list("사실인가요, 진짜인가요, 가짜뉴스인가요"),
)
_THAI = Cues(
    spaced=False,
    refutes=_list("""
        ข่าวปลอม, ข้อมูลเท็จ, ข่าวเท็จ, ไม่เป็นความจริง, ไม่เป็นเรื่องจริง, อย่าแชร์ข่าว
    """),
    cancels=_list("ไม่ใช่"),
    doubts=_list("จริงไหม, จริงหรือ, ข่าวปลอมไหม, ข่าวปลอมหรือ"),
)
_INDONESIAN = Cues(
    spaced=True,
    refutes=_list("""
        hoaks, berita bohong, berita palsu, kabar bohong, informasi palsu, tidak benar bahwa,
        adalah tidak benar, itu tidak benar, disinformasi, membantah kabar, membantah bahwa,
        bukan foto, bukan video
    """),
    labels=_list("hoaks, cek fakta, klarifikasi"),
    cancels=_list("bukan, bukan lagi"),
    doubts=_list("apakah benar, apa benar, benarkah, hoaks atau"),
)

CUES = (
    *(_ENGLISH, _CHINESE, _SPANISH, _ARABIC, _RUSSIAN),
    *(_JAPANESE, _KOREAN, _THAI, _INDONESIAN),
)

# Fact-checkers' sites, and the parts of other sites that hold fact-checks (host, or host/path).
FACT_CHECK_ADDRESSES = _list("""
    snopes.com, politifact.com, factcheck.org, fullfact.org, leadstories.com,
    apnews.com/ap-fact-check, apnews.com/hub/ap-fact-check, reuters.com/fact-check,
    factcheck.afp.com, factcheckhub.com, africacheck.org, boomlive.in, altnews.in, chequeado.com,
    maldita.es, newtral.es, correctiv.org/faktencheck, mimikama.org, tfc-taiwan.org.tw,
    mygopen.com, cofacts.tw, factcheckcenter.jp, factcheck.snu.ac.kr, turnbackhoax.id,
    cekfakta.com, misbar.com, fatabyyano.net, verify-sy.com, stopfake.org, factcheck.kz,
    provereno.media, factchecklab.org, annielab.org, piyaoba.org, piyao.org.cn, verafiles.org,
    rappler.com/newsbreak/fact-check, antifakenewscenter.com, teyit.org, aosfatos.org,
    lupa.uol.com.br
""")
