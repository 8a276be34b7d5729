"""Word lists that invented names are put together from: one culture a sound.

No culture is a real one; each keeps to one way of sounding, so that the names of a passage fit
together. `heads` and `tails` make places, `stems` and `ends` surnames.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Culture:
    """The building blocks of one way of naming."""

    heads: tuple[str, ...]
    tails: tuple[str, ...]
    stems: tuple[str, ...]
    ends: tuple[str, ...]
    women: tuple[str, ...]
    men: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NORTHERN = Culture(
    heads=_words(
        "Nor Hald Skar Ulf Stav Brem Vinter Gron Lyng Eid Torv Rav Sol Hest Fager Bjor Kval Odd"
        " Tuns Marn Elv Drang Varp Hov Asker Lind"
    ),
    tails=_words("vik sund heim borg dal ness stad holm fjell by rud mark havn set strand moen"),
    stems=_words("Tarv Lind Hag Ek Berg Soder Nyg Strom Hol Kross Aker Fall Dahl Vang Rosen Ber"),
    ends=_words("old gren strom lund berg vik sen quist mo aas ness stad by haug"),
    women=_words("Elin Sigrid Ingrid Astrid Karin Maja Solveig Ragna Thea Liv Gudrun Hedda Tove"),
    men=_words("Anders Lars Olav Henrik Nils Erik Torben Leif Jonas Sven Halvor Mats Axel"),
)

WESTERN = Culture(
    heads=_words(
        "Ash Thorn Wend Carr Hol Mar Pen Brad Whit Stan Lang Had Old Win Ever Sel Ax Barn Clay"
        " Dun East Ful Har Kings Merri Rush"
    ),
    tails=_words("ford ley ton bury wick combe field mouth bourne stead worth well minster ham"),
    stems=_words("Hart Whit Cald Brock Pem Ash Thack Wal Har Fen Brad Lock Mar Rad Sed Win"),
    ends=_words("well ley ton man worth combe wood er field ford croft more by leigh"),
    women=_words("Agnes Edith Harriet Alice Clara Mabel Nora Beatrice Winifred Ruth Eliza Ada"),
    men=_words("Edward Thomas Arthur Henry Walter George Hugh Samuel Ralph Albert Owen Giles"),
)

SOUTHERN = Culture(
    heads=_words(
        "Monte Val Cast San Villa Serra Ripa Torre Cala Mira Belm Font Alba Roca Pal Oliv Tern"
        " Lav Gar Cor Lum Sant Fior Ver"
    ),
    tails=_words("oro ena ello ara osta iano ezza eda onte ina alba iero ugo etta eria ossa"),
    stems=_words("Mor Cal Bell Ferr Sal Rin Cort Mar Vend Lan Tor Gall Ric Bas Cam Pell"),
    ends=_words("etti ano elli ini ada osa aldo ucci ero onte ani esco ardi enza"),
    women=_words("Lucia Elena Bianca Carla Isabel Marta Rosa Silvia Teresa Chiara Ines Paola"),
    men=_words("Marco Pietro Luis Carlo Diego Matteo Bruno Tomas Enzo Rafael Dario Emilio"),
)

EASTERN = Culture(
    heads=_words(
        "Dob Kras Zel Bel Star Vol Ost Lip Mor Gor Brez Tarn Rad Slav Chern Lub Mir Novo Pol"
        " Vys Kaz Turn Stra Bor"
    ),
    tails=_words("ovo ice any insk ograd enka ovar itsa avka olin omir ichov uta ezno orad"),
    stems=_words("Nov Petr Kal Dvor Mil Zar Ves Bran Hor Ost Stan Lev Rad Tom Sok Jar"),
    ends=_words("ak ovsky in ek enko ar ov ic insky an olek anik ovec or"),
    women=_words("Anna Irena Jana Katya Ludmila Milena Olga Petra Vera Zofia Tatiana Dana"),
    men=_words("Anton Boris Ivan Jan Karel Mikhail Pavel Stefan Viktor Milan Josef Andrei"),
)

HIGHLAND = Culture(
    heads=_words(
        "Glen Inver Kil Bal Dun Strath Aber Loch Ard Tull Craig Drum Pit Fin Car Lin Knock Auch"
        " Ben Tor Rath Mull"
    ),
    tails=_words("more garry anan ness oran ochty ullin aird allan ender avon eckie annoch isle"),
    stems=_words("Mac Kerr Dun Fer Cam Gil Bren Don Mur Cal Ross Mor Fin Lach Tul Cor"),
    ends=_words("gus nan lane doch ray ell lan rie more vie lin rane say bar"),
    women=_words("Ailsa Bridget Catriona Deirdre Fiona Isla Maeve Morag Niamh Sheena Una Eilidh"),
    men=_words("Alasdair Brendan Callum Declan Ewan Finlay Gavin Iain Kieran Lachlan Rory Niall"),
)

DESERT = Culture(
    heads=_words(
        "Kara Tash Aq Zar Mer Shah Beh Sar Nur Dar Qam Tal Far Jel Bukh Kh Yaz Ker Gul Ish Ur"
        " Sam Ard"
    ),
    tails=_words("abad estan ishan und akand ira eban olu izar uran agar esh ivan orat eshk"),
    stems=_words("Kar Nas Far Haz Mir Sad Tal Bah Yil Dem Raz Kam Sul Ost Ghor Ak"),
    ends=_words("imi avi ani oglu ir ian oudi een azar aman eri anov ali man"),
    women=_words("Leyla Nadia Soraya Yasmin Zehra Farida Mina Parvin Shirin Ayla Samira Roya"),
    men=_words("Karim Farid Hassan Tarik Omar Emre Navid Rashid Salim Yusuf Kemal Daoud"),
)

CULTURES = (NORTHERN, WESTERN, SOUTHERN, EASTERN, HIGHLAND, DESERT)
